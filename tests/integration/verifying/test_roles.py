"""Four people and what they type: each line of the table is a situation, with the first line of the answer and the status."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sigstore.models import ClientTrustConfig
from sigstore.oidc import IdentityToken
from sigstore.sign import SigningContext

from tests.archives import Repository
from tests.integration.command import PUBLISHED, Finished, verbatim
from tests.integration.conftest import Built
from tests.integration.releases import small_tarball
from tests.integration.repacked import one_byte, one_mode, repacked, same, smuggled
from tests.openpgp_keys import THEN, Keys
from tests.servers import Site
from tests.sigstore import Lie, PrivateSigstore
from verbatim.compare.comparison import File
from verbatim.fetch import Fetcher
from verbatim.published.signatures import Anchors, SignatureChecker
from verbatim.release import Release
from verbatim.store import Store

pytestmark = pytest.mark.integration

XZ, TGZ = PUBLISHED
#: The release manager of 3.13, as in releases/signers.toml.
MANAGER, ISSUER = "thomas@python.org", "https://accounts.google.com"


class Sigstore:
    """A private Sigstore that certifies whom it is told, and what was signed by it."""

    def __init__(self, running: PrivateSigstore, folder: Path) -> None:
        self.running, self.folder = running, folder

    def sign(self, path: Path, name: str = MANAGER, issuer: str = ISSUER, lie: Lie | None = None) -> bytes:
        """The bundle of a file."""
        self.running.lie = lie
        config = ClientTrustConfig.from_json(self.running.trust_config.read_text(encoding="utf-8"))
        token = IdentityToken(self.running.token(name, issuer=issuer))
        with SigningContext.from_trust_config(config).signer(token) as signer:
            bundle = signer.sign_artifact(path.read_bytes()).to_json().encode()
        self.running.lie = None
        return bundle


@pytest.fixture(scope="module")
def sigstore(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sigstore]:
    folder = tmp_path_factory.mktemp("sigstore")
    with PrivateSigstore(folder, rekor="v1") as running:
        yield Sigstore(running, folder)


@pytest.fixture(scope="module")
def mirror() -> Iterator[Site]:
    with Site() as site:
        yield site


@dataclass
class Scene:
    """A checkout with a build of 3.13.5 in it, and somebody's downloads."""

    built: Built
    repository: Repository
    sigstore: Sigstore
    mirror: Site
    downloads: Path
    options: list[str] = field(default_factory=list)

    def put(self, name: str, content: bytes | Path, bundle: bytes | None = None) -> str:
        """A download, with a signature beside it or not."""
        path = self.downloads / name
        if isinstance(content, Path):
            shutil.copy(content, path)
        else:
            path.write_bytes(content)
        if bundle is not None:
            path.with_name(f"{name}.sigstore").write_bytes(bundle)
        return str(path)

    @property
    def tgz(self) -> Path:
        return self.built.folder / TGZ

    @property
    def xz(self) -> Path:
        return self.built.folder / XZ

    def run(self, *arguments: str) -> Finished:
        """Type a command where python.org is the mirror, and no git server answers."""
        settings: Mapping[str, str] = {
            "VERBATIM_GIT_URL": "http://127.0.0.1:9/cpython",
            "VERBATIM_PYTHON_MIRROR": self.mirror.url,
        }
        return verbatim(*arguments, settings=settings)


@pytest.fixture
def scene(
    built_from_git: Built, repository: Repository, sigstore: Sigstore, mirror: Site, tmp_path: Path
) -> Scene:
    mirror.pages.clear()
    return Scene(built_from_git, repository, sigstore, mirror, tmp_path)


def verify(scene: Scene, *arguments: str, online: bool = False) -> Finished:
    """As a user does who has a clone of CPython; the public Sigstore is the private one.

    Where nothing is served by the mirror, python.org itself would be asked.
    """
    return scene.run(
        *("verify", *arguments, "--source", str(scene.repository.path), "--output", str(scene.built.output)),
        *("--trust-config", str(scene.sigstore.running.trust_config)),
        *([] if online else ["--offline"]),
    )


@dataclass(frozen=True)
class Situation:
    """What somebody does, and what is answered."""

    does: Callable[[Scene], Finished]
    #: How the first line begins; of an error, it is the one line.
    first: str
    status: int
    #: What is also said, anywhere.
    also: tuple[str, ...] = ()


def _tampered(name: str, alter: str) -> Callable[[Scene], Finished]:
    made: Mapping[str, Callable[[Path], bytes]] = {
        "data": lambda path: repacked(path, one_byte),
        "member": lambda path: repacked(path, same, smuggled()),
        "mode": lambda path: repacked(path, one_mode),
        "trailing byte": lambda path: path.read_bytes() + b"\0",
        "cut off": lambda path: path.read_bytes()[:-1000],
    }
    return lambda scene: verify(scene, scene.put(name, made[alter](scene.tgz)), "--version", "3.13.5")


def _folder(scene: Scene, *kept: str) -> Finished:
    (scene.downloads / "cat.jpg").write_bytes(b"\xff\xd8")
    (scene.downloads / "Python-3.13.4.tgz.txt").write_text("a note")
    for name in kept:
        scene.put(name, scene.tgz)
    return verify(scene, "--version", "3.13.5", "--against", str(scene.downloads))


def _other_version(scene: Scene) -> Finished:
    small_tarball(scene.downloads / TGZ, "3.13.4")
    return verify(scene, str(scene.downloads / TGZ), "--version", "3.13.5")


def _signed(name: str = MANAGER, issuer: str = ISSUER) -> Callable[[Scene], Finished]:
    return lambda scene: verify(
        scene, scene.put(TGZ, scene.tgz, scene.sigstore.sign(scene.tgz, name, issuer))
    )


def _served(scene: Scene, name: str = MANAGER, lie: Lie | None = None) -> Finished:
    """What python.org serves now, with its signature."""
    for path in (scene.tgz, scene.xz):
        scene.mirror.serve(f"/3.13.5/{path.name}", path.read_bytes())
        bundle = scene.sigstore.sign(path, name=name, lie=lie)
        scene.mirror.serve(f"/3.13.5/{path.name}.sigstore", bundle)
    return verify(scene, "--version", "3.13.5", online=True)


_YOURS = "GENUINE: your file "
_NOT = "NOT python.org's file: your file "

DOWNLOADED: Mapping[str, Situation] = {
    "by its name": Situation(
        lambda s: verify(s, s.put(TGZ, s.tgz)),
        _YOURS,
        0,
        (
            "is python.org's own file, and was built again here from commit",
            "taken from pyenv's list",
            "your file is ",
        ),
    ),
    "renamed by a browser": Situation(lambda s: verify(s, s.put("Python-3.13.5 (1).tgz", s.tgz)), _YOURS, 0),
    "renamed by wget": Situation(lambda s: verify(s, s.put("Python-3.13.5.tgz.1", s.tgz)), _YOURS, 0),
    "as .tar.gz": Situation(lambda s: verify(s, s.put("python.tar.gz", s.tgz)), _YOURS, 0),
    "both": Situation(lambda s: verify(s, s.put(TGZ, s.tgz), s.put(XZ, s.xz)), _YOURS, 0),
    "with no network": Situation(
        lambda s: verify(s, s.put(TGZ, s.tgz)),
        _YOURS,
        0,
        ("Sigstore signature: not checked: Python-3.13.5.tgz.sigstore as it is served now was not fetched",),
    ),
    "data changed": Situation(_tampered(TGZ, "data"), _NOT, 1, ("Python-3.13.5/configure differs",)),
    "renamed, and data changed": Situation(_tampered("Python-3.13.5 (1).tgz", "data"), _NOT, 1),
    "a member more": Situation(_tampered(TGZ, "member"), _NOT, 1, ("build-to-host.m4 is only in",)),
    "a mode changed": Situation(_tampered(TGZ, "mode"), _NOT, 1, ("README.rst differs (mode 644 and 755)",)),
    "a byte more": Situation(_tampered(TGZ, "trailing byte"), _NOT, 1),
    "cut off": Situation(_tampered(TGZ, "cut off"), _NOT, 1),
    "another version by its name": Situation(_other_version, _NOT, 1),
    "a folder with rubbish": Situation(
        lambda s: _folder(s, "Python-3.13.5 (1).tgz"), _YOURS, 0, ("2 other files were ignored",)
    ),
    "a folder with nothing but rubbish": Situation(_folder, "error: nothing in ", 7),
    "a picture": Situation(
        lambda s: verify(s, s.put("cat.jpg", b"\xff\xd8")),
        "error: ",
        7,
        ("does not say of which release it is",),
    ),
    "good beside unknown": Situation(
        lambda s: verify(s, s.put(TGZ, s.tgz), s.put("cat.jpg", b"\xff\xd8"), "--version", "3.13.5"),
        "error: nothing in ",
        7,
    ),
    "signed": Situation(
        _signed(),
        _YOURS,
        0,
        (f"Sigstore signature: signed by {MANAGER} (issuer {ISSUER}), Thomas Wouters, who manages 3.13",),
    ),
    "signed by somebody else": Situation(
        _signed(name="mallory@example.com"),
        "GENUINE, but wrongly signed: your file ",
        1,
        ("WRONG: it is by somebody else, mallory@example.com",),
    ),
    "signed by way of another issuer": Situation(
        _signed(issuer="https://github.com/login/oauth"),
        "GENUINE, but wrongly signed: your file ",
        1,
        (f"WRONG: {MANAGER} is certified by another issuer, expected {ISSUER}",),
    ),
    "with another file's signature": Situation(
        lambda s: verify(s, s.put(TGZ, s.tgz, s.sigstore.sign(s.xz))),
        "GENUINE, but wrongly signed: your file ",
        1,
        ("it is the signature of another file",),
    ),
}


@pytest.mark.parametrize("situation", DOWNLOADED.values(), ids=DOWNLOADED.keys())
def test_somebody_has_downloaded_python(scene: Scene, situation: Situation) -> None:
    check(situation, scene)


REBUILDER: Mapping[str, Situation] = {
    "what is served is the same": Situation(
        _served,
        f"GENUINE: {XZ}, as it is served now, is python.org's own file",
        0,
        (MANAGER, "the mirror serves http://127.0.0.1"),
    ),
    "what is served is signed by somebody else": Situation(
        lambda s: _served(s, "mallory@example.com"), f"GENUINE, but wrongly signed: {XZ}", 1
    ),
    "Sigstore's log lies": Situation(
        lambda s: _served(s, lie=Lie.REKOR_KEY), f"GENUINE, but wrongly signed: {XZ}", 1, ("it is not valid",)
    ),
    "only the stream": Situation(
        lambda s: verify(s, s.put(TGZ, s.tgz), "--quick"), _YOURS, 0, ("not compressed (--quick)",)
    ),
    "two builds": Situation(
        lambda s: s.run("compare", str(s.built.folder), str(s.built.folder / "SHA256SUMS")), XZ, 0
    ),
    "a build and a tampered one": Situation(
        lambda s: s.run("compare", str(s.tgz), s.put("other.tgz", repacked(s.tgz, one_byte))),
        TGZ,
        1,
        ("Python-3.13.5/configure differs",),
    ),
    "only from the tarball": Situation(
        lambda s: s.run(
            *("verify", s.put(TGZ, s.tgz), "--source", "tarball", "--offline"),
            *("--output", str(s.downloads / "dist"), "--quick"),
        ),
        _YOURS,
        0,
        ("its tar stream was made again here from the tarball Python-3.13.5.tar.xz, not from git",),
    ),
}


@pytest.mark.parametrize("situation", REBUILDER.values(), ids=REBUILDER.keys())
def test_somebody_rebuilds(scene: Scene, situation: Situation) -> None:
    check(situation, scene)


MANAGES: Mapping[str, Situation] = {
    "no policy yet": Situation(
        lambda s: s.run(
            *("sign", "--version", "3.13.5", "--step", "check", "--release", str(s.downloads)),
            *("--policy", str(s.downloads / "policy.toml")),
        ),
        "refused: there is no policy",
        7,
        ("write one: `./invoke policy --version VERSION`",),
    ),
    "what a policy needs": Situation(
        lambda s: s.run("policy", "--version", "3.13.5"),
        "# What the signing stage may sign as 3.13.5",
        0,
        ('[signing."3.13.5"]',),
    ),
    "no attestations yet": Situation(
        lambda s: s.run(
            *("check", "--version", "3.13.5", "--attestations", str(s.downloads)),
            *("--policy", str(s.downloads / "policy.toml")),
        ),
        "error: ",
        6,
    ),
}


@pytest.mark.parametrize("situation", MANAGES.values(), ids=MANAGES.keys())
def test_somebody_manages_a_release(scene: Scene, situation: Situation) -> None:
    check(situation, scene)


PACKAGES: Mapping[str, Situation] = {
    "Debian's name": Situation(lambda s: verify(s, s.put("python3.13_3.13.5.orig.tar.xz", s.xz)), _YOURS, 0),
    "Debian's name, repacked": Situation(_tampered("python3.13_3.13.5.orig.tar.gz", "member"), _NOT, 1),
    "a release that nobody has published": Situation(
        lambda s: s.run("build", "--version", "3.13.98", "--offline", "--output", str(s.downloads)),
        "error: ",
        2,
    ),
}


@pytest.mark.parametrize("situation", PACKAGES.values(), ids=PACKAGES.keys())
def test_somebody_packages_python(scene: Scene, situation: Situation) -> None:
    check(situation, scene)


@pytest.fixture
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    made = Keys(tmp_path_factory.mktemp("g") / "h", b"")
    yield made
    made.close()


def test_an_openpgp_signature_of_a_real_tarball_is_right_missing_or_wrong(
    scene: Scene, keys: Keys, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERBATIM_PYTHON_MIRROR", scene.mirror.url)
    monkeypatch.setattr("verbatim.release.PYTHON_ORG", scene.mirror.url)
    (scene.downloads / "signers.toml").write_text(
        f'[series."3.13"]\nmanager = "The Manager"\nopenpgp = ["{keys.good}"]\n'
    )
    work = scene.downloads / "work"
    work.mkdir()
    anchors = Anchors(None, keys.exported())
    checker = SignatureChecker(Release.parse("3.13.5"), Fetcher(store), work, anchors, scene.downloads)
    file = File(TGZ, PUBLISHED[TGZ], scene.tgz)

    def state(signature: bytes | None) -> str:
        scene.mirror.pages.clear()
        if signature is not None:
            scene.mirror.serve(f"/3.13.5/{TGZ}.asc", signature)
        _, openpgp = checker.check(file, TGZ, is_users=False)
        return openpgp.state

    content = scene.tgz.read_bytes()
    assert state(keys.sign(keys.good, content)) == "good"
    assert state(None) == "missing"
    assert state(keys.sign(keys.other, content)) == "wrong"
    assert state(keys.sign(keys.good, scene.xz.read_bytes())) == "wrong"
    assert state(keys.sign(keys.expired, content, *THEN)) == "doubtful"


def check(situation: Situation, scene: Scene) -> None:
    done = situation.does(scene)
    errors = [line for line in done.err.splitlines() if line.startswith(("error: ", "refused: "))]
    lines = done.out.splitlines() or errors
    assert lines, done.err
    assert (lines[0][: len(situation.first)], done.status) == (situation.first, situation.status), (
        done.out + done.err
    )
    for text in situation.also:
        assert text in done.out + done.err
