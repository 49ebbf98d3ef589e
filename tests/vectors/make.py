"""Write the vectors. It knows the formats from docs/reference alone, and imports neither of the programs."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FOLDER = Path(__file__).resolve().parent
VERSION = "3.13.99"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
TARBALL = "Python-3.13.99.tar.xz"
TREE = "cpython-3.13.99-x86_64-linux-gnu.tar.xz"
HASHES = {TARBALL: "a" * 64, "Python-3.13.99.tgz": "b" * 64}
INPUTS = {
    "environment/source/lock.toml": "c" * 64,
    "environment/source/root.tar": "d" * 64,
    "recipe/source": "e" * 64,
}
NAMES = ("alice", "bob", "carol", "dora")

Vectors = Iterator[tuple[str, bytes]]


def key_of(name: str) -> Ed25519PrivateKey:
    """A key that is no secret: the same for the same name."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def public_of(name: str) -> str:
    return key_of(name).public_key().public_bytes_raw().hex()


def canonical(content: object) -> bytes:
    """RFC 8785, for what has no numbers and names in ASCII; half a character stays what it is."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return "".join(f"\\u{ord(each):04x}" if 0xD800 <= ord(each) < 0xE000 else each for each in text).encode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def statement(
    hashes: Mapping[str, str] = HASHES,
    *,
    stage: str = "source",
    version: str = VERSION,
    tarball: str | None = None,
    **parameters: object,
) -> dict[str, Any]:
    source = {"name": "cpython", "digest": {"gitCommit": "1" * 40, "gitTree": "2" * 40}}
    if tarball:
        source = {"name": TARBALL, "digest": {"sha256": tarball}}
    others = [{"name": name, "digest": {"sha256": digest}} for name, digest in INPUTS.items()]
    external = {
        "artifacts": stage,
        "source": {"kind": "tarball" if tarball else "git"},
        "version": version,
        **parameters,
    }
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(hashes.items())],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "urn:verbatim:build-type:v1",
                "externalParameters": external,
                "resolvedDependencies": [source, *others],
            },
            "runDetails": {"builder": {"id": "urn:verbatim:builder:v1"}},
        },
    }


def withdrawal(of: bytes = b"", reason: str = "The disk was full.") -> dict[str, Any]:
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "statement", "digest": {"sha256": sha256(of)}}],
        "predicateType": "urn:verbatim:withdrawal:v1",
        "predicate": {"reason": reason},
    }


def signed(payload: bytes, signer: str) -> dict[str, Any]:
    """See https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md."""
    encoded = f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(payload)} ".encode() + payload
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": "", "sig": base64.b64encode(key_of(signer).sign(encoded)).decode()}],
    }


def changed(content: Any, place: str, value: object) -> Any:
    """A copy, with another value at a place; nothing there if the value is `changed` itself."""
    content = copy.deepcopy(content)
    *path, last = (int(step) if step.isdigit() else step for step in place.split("/"))
    at = content
    for step in path:
        at = at[step]
    if value is changed:
        del at[last]
    else:
        at[last] = value
    return content


def places(content: object, at: str = "") -> Iterator[str]:
    """Every place in a document."""
    entries: Any = content.items() if isinstance(content, dict) else ()
    entries = enumerate(content) if isinstance(content, list) else entries
    for step, value in entries:
        yield f"{at}{step}"
        yield from places(value, f"{at}{step}/")


#: What may be put in any place of a JSON document, and fits nowhere.
_ODD: Mapping[str, object] = {
    "missing": changed,
    "null": None,
    "list": [],
    "empty": "",
    "surrogate": "\ud800",
    "line-feed": "a\nb",
    "long": "a" * 1001,
}


def _odd(content: Any, but: tuple[str, ...] = ()) -> Vectors:
    """A document with each place spoiled in each way, but for what is still right."""
    for place in places(content):
        for kind, value in _ODD.items():
            name = f"{place.replace('/', '-')}.{kind}.json"
            if name not in but:
                yield f"form/{name}", canonical(changed(content, place, value))


def _no_json(content: Any) -> Vectors:
    """Texts that JSON parsers do not agree about, or that are none."""
    data = canonical(content)
    first = next(iter(sorted(content)))
    yield "json/empty.json", b""
    yield "json/cut.json", data[:-1]
    yield "json/trailing.json", data + b"}"
    yield "json/two.json", data + data
    yield "json/byte-order-mark.json", b"\xef\xbb\xbf" + data
    yield "json/utf-16.json", data.decode().encode("utf-16")
    yield "json/not-utf-8.json", data.replace(b'":"', b'":"\xff', 1)
    yield "json/overlong-utf-8.json", data.replace(b'":"', b'":"\xc0\xaf', 1)
    yield "json/surrogate-in-utf-8.json", data.replace(b'":"', b'":"\xed\xa0\x80', 1)
    yield "json/raw-line-feed.json", data.replace(b'":"', b'":"\n', 1)
    yield "json/raw-nul.json", data.replace(b'":"', b'":"\0', 1)
    yield "json/nul-behind.json", data + b"\0"
    yield "json/comment.json", b"/**/" + data
    yield "json/comma.json", data[:-1] + b",}"
    yield "json/single-quotes.json", data.replace(b'"', b"'")
    yield "json/twice.json", data[:-1] + f',"{first}":"x"}}'.encode()
    yield "json/twice-escaped.json", data[:-1] + f',"\\u{ord(first[0]):04x}{first[1:]}":"x"}}'.encode()
    yield "json/twice-the-same.json", data[:-1] + b"," + data[1:]
    yield "json/deep.json", b"[" * 20_000
    yield "json/deep-tables.json", b'{"a":' * 20_000 + b"1" + b"}" * 20_000
    for name, number in (
        ("zero", "0"),
        ("minus-zero", "-0"),
        ("float", "1.5"),
        ("huge-float", "1e999"),
        ("huge-integer", "9" * 5000),
        ("nan", "NaN"),
        ("infinity", "-Infinity"),
        ("leading-zero", "01"),
    ):
        yield f"json/number-{name}.json", data[:-1] + f',"zzz":{number}}}'.encode()


def _not_canonical(content: Any) -> Vectors:
    """The same document, written otherwise."""
    data = canonical(content)
    first = next(iter(sorted(content)))
    yield "form/line-feed-behind.json", data + b"\n"
    yield "form/space-before.json", b" " + data
    yield "form/space-within.json", data.replace(b":", b": ", 1)
    yield "form/other-order.json", json.dumps(dict(reversed(content.items())), separators=(",", ":")).encode()
    yield "form/escaped-name.json", data.replace(b'"_', b'"\\u005f', 1)
    yield "form/escaped-slash.json", data.replace(b"/", b"\\/", 1)
    yield "form/more.json", canonical({**content, "more": "x"})
    yield "form/more-like-it.json", canonical({**content, first.upper() + "\u200b": "x"})
    for name, other in (("list", [content]), ("text", data.decode()), ("null", None), ("true", True)):
        yield f"form/{name}.json", canonical(other)
    yield "form/nothing.json", b"{}"


_BUILD = "predicate/buildDefinition"
_EXTERNAL = f"{_BUILD}/externalParameters"
_DEPENDENCIES = f"{_BUILD}/resolvedDependencies"


def statements() -> Vectors:
    plain = statement()
    long_name = "P" + "y" * 199
    for name, said in (
        ("plain", plain),
        ("tarball", statement(tarball="f" * 64)),
        ("formats", statement({"python-3.13.99-docs-html.zip": "a" * 64}, stage="docs", formats=["html"])),
        ("optimize", statement({TREE: "a" * 64}, stage="linux-x86_64", optimize="pgo")),
        ("not-optimized", statement({TREE: "a" * 64}, stage="linux-x86_64", optimize="none")),
        ("stage-with-underscore", statement(stage="linux_x86-64")),
        ("candidate", statement(version="3.14.0rc1")),
        ("long-name", statement({long_name: "a" * 64})),
        ("odd-names", statement({"0": "a" * 64, "A+b_c.d-e": "b" * 64, "Z": "c" * 64, "a": "d" * 64})),
        (
            "source-alone",
            changed(plain, _DEPENDENCIES, plain["predicate"]["buildDefinition"]["resolvedDependencies"][:1]),
        ),
        ("name-beyond-ascii", changed(plain, f"{_DEPENDENCIES}/1/name", "Umgebung/größe 日本")),
        ("several-digests", changed(plain, f"{_DEPENDENCIES}/1/digest/gitTree", "3" * 40)),
    ):
        yield f"accepted/{name}.json", canonical(said)
    yield from _no_json(plain)
    yield from _not_canonical(plain)
    yield from _odd(plain, but=_FINE_STATEMENTS)
    for name, place, value in (
        ("stage-with-dot", f"{_EXTERNAL}/artifacts", "linux.x86"),
        ("stage-in-capitals", f"{_EXTERNAL}/artifacts", "Source"),
        ("stage-begins-with-hyphen", f"{_EXTERNAL}/artifacts", "-source"),
        ("stage-ends-with-line-feed", f"{_EXTERNAL}/artifacts", "source\n"),
        ("stage-is-a-path", f"{_EXTERNAL}/artifacts", "../source"),
        ("stage-in-other-digits", f"{_EXTERNAL}/artifacts", "source\u0663"),
        ("formats-empty", f"{_EXTERNAL}/formats", []),
        ("formats-null", f"{_EXTERNAL}/formats", None),
        ("formats-text", f"{_EXTERNAL}/formats", "html"),
        ("formats-odd", f"{_EXTERNAL}/formats", ["html", "../x"]),
        ("optimize-odd", f"{_EXTERNAL}/optimize", "fast"),
        ("optimize-null", f"{_EXTERNAL}/optimize", None),
        ("parameter-unknown", f"{_EXTERNAL}/jobs", "4"),
        ("kind-odd", f"{_EXTERNAL}/source/kind", "svn"),
        ("kind-of-other-digests", f"{_EXTERNAL}/source/kind", "tarball"),
        ("version-with-escape", f"{_EXTERNAL}/version", "3.13.99\x1b[2J"),
        ("version-right-to-left", f"{_EXTERNAL}/version", "3.13.99\u202e"),
        ("build-type-odd", f"{_BUILD}/buildType", "urn:verbatim:build-type:v2"),
        ("builder-odd", "predicate/runDetails/builder/id", "urn:verbatim:builder:v2"),
        ("run-details-more", "predicate/runDetails/metadata", {}),
        ("type-odd", "_type", "https://in-toto.io/Statement/v0.1"),
        ("predicate-type-odd", "predicateType", "https://slsa.dev/provenance/v0.2"),
        ("predicate-type-close", "predicateType", "https://slsa-dev/provenance/v1"),
        ("dependencies-empty", _DEPENDENCIES, []),
        ("dependency-twice", f"{_DEPENDENCIES}/1/name", "recipe/source"),
        ("dependency-like-source", f"{_DEPENDENCIES}/1/name", "cpython"),
        ("dependency-with-address", f"{_DEPENDENCIES}/1/uri", "https://example.com"),
        ("digest-unknown", f"{_DEPENDENCIES}/1/digest/md5", "a" * 32),
        ("digest-unknown-and-empty", f"{_DEPENDENCIES}/1/digest/more", ""),
        ("digest-in-capitals", f"{_DEPENDENCIES}/1/digest/sha256", "A" * 64),
        ("digest-short", f"{_DEPENDENCIES}/1/digest/sha256", "a" * 63),
        ("digest-ends-with-line-feed", f"{_DEPENDENCIES}/1/digest/sha256", "a" * 64 + "\n"),
        ("commit-of-sha256", f"{_DEPENDENCIES}/0/digest/gitCommit", "1" * 64),
        ("source-with-more", f"{_DEPENDENCIES}/0/digest/sha256", "a" * 64),
        ("source-last", _DEPENDENCIES, plain["predicate"]["buildDefinition"]["resolvedDependencies"][::-1]),
        ("subject-twice", "subject/0/name", "Python-3.13.99.tgz"),
        ("subject-unsorted", "subject/0/name", "Z"),
        ("subject-is-a-path", "subject/0/name", "../Python"),
        ("subject-hidden", "subject/0/name", ".Python"),
        ("subject-with-space", "subject/0/name", "Python 3"),
        ("subject-beyond-ascii", "subject/0/name", "Pyth\u00f6n"),
        ("subject-too-long", "subject/0/name", "P" + "y" * 200),
        ("subject-ends-with-line-feed", "subject/0/name", "Python\n"),
        ("subject-with-more", "subject/0/annotations", {}),
        ("subject-of-sha512", "subject/0/digest", {"sha512": "a" * 128}),
        ("subject-of-two-digests", "subject/0/digest/sha512", "a" * 128),
        ("subject-in-capitals", "subject/0/digest/sha256", "A" * 64),
        ("subject-long", "subject/0/digest/sha256", "a" * 65),
        ("subject-in-other-digits", "subject/0/digest/sha256", "\u0663" * 64),
    ):
        yield f"form/{name}.json", canonical(changed(plain, place, value))


#: What is put there fits.
_FINE_STATEMENTS = (
    *(f"predicate-buildDefinition-resolvedDependencies-{number}.missing.json" for number in (1, 2, 3)),
    *(f"subject-{number}.missing.json" for number in (0, 1)),
)


def withdrawals() -> Vectors:
    plain = withdrawal()
    for name, said in (
        ("plain", plain),
        ("long-reason", withdrawal(reason="x" * 1000)),
        ("beyond-ascii", withdrawal(reason="Die Platte war voll: 日本 😀")),
        ("markup", withdrawal(reason="<script>alert(1)</script>")),
    ):
        yield f"accepted/{name}.json", canonical(said)
    yield from _no_json(plain)
    yield from _not_canonical(plain)
    yield from _odd(plain)
    yield "form/statement.json", canonical(statement())
    for name, place, value in (
        ("reason-right-to-left", "predicate/reason", "x\u202ey"),
        ("reason-with-escape", "predicate/reason", "\x1b[2J"),
        ("reason-with-tab", "predicate/reason", "a\tb"),
        ("reason-in-two-lines", "predicate/reason", "a\u2028b"),
        ("reason-with-carriage-return", "predicate/reason", "a\rb"),
        ("subject-odd", "subject/0/name", "Statement"),
        ("two-subjects", "subject", plain["subject"] * 2),
        ("predicate-with-more", "predicate/more", "x"),
    ):
        yield f"form/{name}.json", canonical(changed(plain, place, value))


def envelopes() -> Vectors:
    payload = canonical(statement())
    plain = signed(payload, "alice")
    encoded, signature = plain["payload"], plain["signatures"][0]["sig"]
    for name, said in (
        ("plain", plain),
        ("other-key", signed(payload, "bob")),
        ("key-id-lies", changed(plain, "signatures/0/keyid", "f" * 64)),
        ("no-key-id", changed(plain, "signatures/0/keyid", changed)),
    ):
        yield f"accepted/{name}.json", canonical(said)
    # The payload is what is signed: how the envelope is written makes no difference.
    yield "accepted/indented.json", json.dumps(plain, indent=2).encode() + b"\n"
    yield "accepted/escaped.json", canonical(plain).replace(b"application/", b"application\\/")
    yield from _no_json(plain)
    for name, data in _not_canonical(plain):
        if name.rpartition("/")[2] not in _FINE_ENVELOPES:
            yield name, data
    yield from _odd(plain, but=_FINE_ENVELOPES)
    for name, place, value in (
        ("no-signature", "signatures", []),
        ("two-signatures", "signatures", plain["signatures"] * 2),
        ("two-signers", "signatures", plain["signatures"] + signed(payload, "bob")["signatures"]),
        ("signature-with-certificate", "signatures/0/cert", "x"),
        ("payload-type-other", "payloadType", "text/plain"),
        ("payload-type-in-capitals", "payloadType", PAYLOAD_TYPE.upper()),
        ("payload-type-with-parameter", "payloadType", PAYLOAD_TYPE + "; charset=utf-8"),
        ("payload-in-url-safe", "payload", encoded[:-4] + "_-=="),
        ("payload-with-line-feed", "payload", encoded[:76] + "\n" + encoded[76:]),
        ("payload-with-space", "payload", encoded + " "),
        (
            "payload-without-padding",
            "payload",
            encoded.rstrip("=") if encoded.endswith("=") else encoded[:-1],
        ),
        ("payload-padded-within", "payload", "AA==" + encoded),
        ("payload-padded-twice", "payload", encoded + "===="),
        ("payload-with-idle-bits", "payload", "eyJh" * 3 + "fR=="),
        ("payload-beyond-ascii", "payload", "\u00e9" + encoded[1:]),
        ("signature-without-padding", "signatures/0/sig", signature.rstrip("=")),
        ("signature-with-idle-bits", "signatures/0/sig", signature[:-3] + "h=="),
    ):
        yield f"form/{name}.json", canonical(changed(plain, place, value))
    for name, said in (
        ("of-a-stranger", signed(payload, "mallory")),
        ("of-something-else", changed(plain, "payload", base64.b64encode(b"{}").decode())),
        ("empty", changed(plain, "signatures/0/sig", "")),
        ("short", changed(plain, "signatures/0/sig", "AAAA")),
        ("zero", changed(plain, "signatures/0/sig", base64.b64encode(bytes(64)).decode())),
        (
            "twice-as-long",
            changed(plain, "signatures/0/sig", base64.b64encode(base64.b64decode(signature) * 2).decode()),
        ),
        (
            "of-the-payload-alone",
            changed(plain, "signatures/0/sig", base64.b64encode(key_of("alice").sign(payload)).decode()),
        ),
        ("malleable", changed(plain, "signatures/0/sig", _malleable(signature))),
        ("of-an-empty-payload-of-another", changed(plain, "payload", "")),
    ):
        yield f"signature/{name}.json", canonical(said)


#: How an envelope is written makes no difference, and the key id is not read.
_FINE_ENVELOPES = (
    "line-feed-behind.json",
    "space-before.json",
    "space-within.json",
    "other-order.json",
    "escaped-name.json",
    "escaped-slash.json",
    "signatures-0-keyid.missing.json",
    "signatures-0-keyid.empty.json",
    # Empty bytes are bytes; these are in signature/.
    "payload.empty.json",
    "signatures-0-sig.empty.json",
)


def _malleable(signature: str) -> str:
    """The same signature with S + L in place of S, which RFC 8032 (5.1.7) does not allow."""
    data = base64.b64decode(signature)
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(data[32:], "little") + order
    return base64.b64encode(data[:32] + s.to_bytes(32, "little")).decode()


def bundles() -> Vectors:
    plain = {"dsseEnvelope": signed(canonical(statement()), "alice"), "verificationMaterial": {}}
    yield from _no_json(plain)
    for name, said in (
        ("nothing", {}),
        ("list", [plain]),
        ("null", None),
        ("text", "x"),
        ("of-a-message", {"messageSignature": {}, "verificationMaterial": {}}),
        ("envelope-null", {"dsseEnvelope": None}),
        ("envelope-list", {"dsseEnvelope": []}),
        ("no-signature", changed(plain, "dsseEnvelope/signatures", [])),
        (
            "two-signatures",
            changed(plain, "dsseEnvelope/signatures", plain["dsseEnvelope"]["signatures"] * 2),
        ),
        ("payload-type-other", changed(plain, "dsseEnvelope/payloadType", "text/plain")),
        ("payload-odd", changed(plain, "dsseEnvelope/payload", "%")),
        ("payload-surrogate", changed(plain, "dsseEnvelope/payload", "\ud800")),
    ):
        yield f"form/{name}.json", canonical(said)


def _writer(of: Callable[[], Vectors], kind: str) -> Vectors:
    for name, data in of():
        yield f"{kind}/{name}", data


def vectors() -> dict[str, bytes]:
    """All that this writes, by path."""
    from tests.vectors.policies import policies
    from tests.vectors.quorums import quorums

    keys = {name: public_of(name) for name in ("alice", "bob")}
    made = {"keys.json": json.dumps(keys, indent=2).encode() + b"\n"}
    for kind, of in (
        ("statement", statements),
        ("withdrawal", withdrawals),
        ("envelope", envelopes),
        ("bundle", bundles),
        ("policy", policies),
        ("quorum", quorums),
    ):
        for path, data in _writer(of, kind):
            assert path not in made, path
            made[path] = data
    return made


def main() -> None:
    for path, data in vectors().items():
        (FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / path).write_bytes(data)


if __name__ == "__main__":
    main()
