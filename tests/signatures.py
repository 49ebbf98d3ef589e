"""A release manager, a file that somebody has downloaded, and a python.org with signatures."""

from __future__ import annotations

from pathlib import Path

from sigstore.models import ClientTrustConfig
from sigstore.oidc import IdentityToken
from sigstore.sign import SigningContext

from tests.servers import Site
from tests.sigstore import PrivateSigstore
from verbatim.compare.comparison import File
from verbatim.digest import sha256_bytes
from verbatim.fetch import Fetcher
from verbatim.published.signatures import Anchors, Signature, SignatureChecker
from verbatim.release import Release
from verbatim.store import Store

RELEASE = Release.parse("3.13.5")
_, TGZ = RELEASE.source_tarballs
MANAGER, ISSUER = "manager@example.com", "https://accounts.example.com"
CONTENT = b"what was released"


class Scene:
    """A release manager, a file that somebody has downloaded, and python.org."""

    def __init__(self, top: Path, site: Site, fetcher: Fetcher, store: Store) -> None:
        self.top, self.site, self.fetcher, self.store = top, site, fetcher, store
        for name in ("work", "releases", "home"):
            (top / name).mkdir()
        self.path = top / "home" / TGZ
        self.path.write_bytes(CONTENT)
        self.sign_by()

    def sign_by(self, openpgp: str = "", known: str = "") -> None:
        """Who signs 3.13, and what is known."""
        own = f'openpgp = ["{openpgp}"]\n' if openpgp else ""
        identity = f'sigstore = {{ identity = "{MANAGER}", issuer = "{ISSUER}" }}\n'
        text = f'[series."3.13"]\nmanager = "The Manager"\n{own}{identity}{known}'
        (self.top / "releases" / "signers.toml").write_text(text)

    def serve(self, name: str, content: bytes) -> None:
        self.site.serve(f"/3.13.5/{name}", content)

    def check(
        self, anchors: Anchors, *, path: Path | None = None, users: bool = True, offline: bool = False
    ) -> list[Signature]:
        fetcher = Fetcher(self.store, offline=True) if offline else self.fetcher
        checker = SignatureChecker(RELEASE, fetcher, self.top / "work", anchors, self.top / "releases")
        path = path or self.path
        return checker.check(File(path.name, sha256_bytes(path.read_bytes()), path), TGZ, is_users=users)


def bundle(
    sigstore: PrivateSigstore, content: bytes = CONTENT, name: str = MANAGER, issuer: str = ISSUER
) -> bytes:
    config = ClientTrustConfig.from_json(sigstore.trust_config.read_text(encoding="utf-8"))
    token = IdentityToken(sigstore.token(name, issuer=issuer))
    with SigningContext.from_trust_config(config).signer(token) as signer:
        return signer.sign_artifact(content).to_json().encode()
