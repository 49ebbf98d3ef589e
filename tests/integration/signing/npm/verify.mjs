// node verify.mjs TRUST_CONFIG IDENTITY ISSUER BUNDLE ARTIFACT: ends with 0 if the bundle holds.
import { readFileSync } from "node:fs";
import { bundleFromJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { Verifier, toSignedEntity, toTrustMaterial } from "@sigstore/verify";

const [trustConfig, identity, issuer, bundle, artifact] = process.argv.slice(2);
const json = (path) => JSON.parse(readFileSync(path, "utf8"));
const material = toTrustMaterial(TrustedRoot.fromJSON(json(trustConfig).trustedRoot));
const verifier = new Verifier(material, { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 });
const entity = toSignedEntity(bundleFromJSON(json(bundle)), readFileSync(artifact));
const exactly = `^${identity.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`;
const signer = verifier.verify(entity, { subjectAlternativeName: exactly, extensions: { issuer } });
console.log(signer.identity.subjectAlternativeName);
