"""The one who signs: a release, a Sigstore, a token, keys, and a terminal."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from release_maker import IDENTITY, ISSUER, MadeRelease
from verbatim_sign.bundles import TOKEN_VARIABLE
from verbatim_sign.command import main

from tests.sigstore import PrivateSigstore


class Typist:
    """Whoever sits at the terminal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._terminal, side = os.openpty()
        self.stdin = open(side, encoding="utf-8")  # noqa: SIM115 - closed with the terminal
        monkeypatch.setattr("sys.stdin", self.stdin)

    def types(self, text: str) -> None:
        os.write(self._terminal, text.encode() + b"\n")

    def close(self) -> None:
        self.stdin.close()
        os.close(self._terminal)


class Signing:
    """Runs the program."""

    def __init__(
        self,
        made: MadeRelease,
        sigstore: PrivateSigstore,
        typist: Typist,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.made, self.sigstore, self.typist, self.patch, self._capsys = (
            made,
            sigstore,
            typist,
            monkeypatch,
            capsys,
        )
        self.log = made.folder / "state" / "log.jsonl"
        self.give(sigstore.token(IDENTITY, issuer=ISSUER))

    def give(self, token: str) -> None:
        self.token = token

    def command(self, name: str = "run") -> list[str]:
        options = ["--version", self.made.version, "--policy", str(self.made.policy_path)]
        options += ["--trust-config", str(self.sigstore.trust_config)]
        options += ["--log", str(self.log)] if name == "run" else []
        return [name, *options, str(self.made.release)]

    def run(self, *options: str, status: int = 0, types: str | None = "", name: str = "run") -> str:
        """Run it; gives what it said: where it is refused, why."""
        if self.token:
            self.patch.setenv(TOKEN_VARIABLE, self.token)
        if types is not None:
            self.typist.types(types or self.made.version)
        before = self._held()
        ended = main([*self.command(name), *options])
        assert self._held() == before
        out, err = self._capsys.readouterr()
        assert ended == status, err
        assert err == "" if status == 0 else re.fullmatch(r"refused: [^\n]+\n", err), err
        assert not self.token or self.token not in out + err + (
            self.log.read_text() if self.log.exists() else ""
        )
        return out if status == 0 else err

    def _held(self) -> list[str]:
        """What is open of all that belongs to the one who signs."""
        links = (Path(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd"))
        paths = sorted(os.readlink(link) for link in links if link.is_symlink())
        return [path for path in paths if path.startswith(str(self.made.folder))]

    def refused(self, *options: str, status: int, types: str | None = "") -> str:
        """Why nothing was signed."""
        said = self.run(*options, status=status, types=types)
        assert self.made.signatures() == []
        return said

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def one_rekor(version: str = "v1") -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sigstore", [version], indirect=True)
