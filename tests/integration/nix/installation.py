"""A Nix of the tests' own: its store, its settings and its daemon are in a folder of theirs.

The programs are this machine's, and its own store is not touched.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SETTINGS = "build-users-group =\nsandbox = true\nsandbox-fallback = false\nsubstitute = false\n"

# The daemon takes over a socket that listens already, as it does from systemd: nobody needs to wait for it.
_DAEMON = 'unset NIX_REMOTE; LISTEN_PID=$$ LISTEN_FDS=1 exec nix-daemon 3<&"$1"'


@dataclass(frozen=True)
class Installation:
    """Where everything of this Nix is."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Installation:
        made = cls(folder)
        for name in ("store", "var", "configuration"):
            (folder / name).mkdir()
        made.configure()
        return made

    def configure(self, more: str = "") -> None:
        """Write nix.conf; of two lines for one setting, the last counts."""
        (self.folder / "configuration" / "nix.conf").write_text(_SETTINGS + more, encoding="utf-8")

    @property
    def variables(self) -> dict[str, str]:
        """For Nix's programs, so that they use this store by themselves."""
        return {
            "NIX_CONF_DIR": str(self.folder / "configuration"),
            "NIX_DAEMON_SOCKET_PATH": str(self._socket),
            "NIX_LOG_DIR": str(self.folder / "log"),
            "NIX_REMOTE": "local",
            "NIX_STATE_DIR": str(self.folder / "var"),
            "NIX_STORE_DIR": str(self.store),
        }

    @property
    def through_daemon(self) -> dict[str, str]:
        """For Nix's programs, so that they use this store through its daemon."""
        return {**self.variables, "NIX_REMOTE": "daemon"}

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def paths(self) -> set[str]:
        """What the store holds; locks and links are no paths of it."""
        return {path.name for path in self.store.iterdir() if not path.name.endswith((".lock", ".links"))}

    @property
    def _socket(self) -> Path:
        return self.folder / "socket"

    @contextmanager
    def daemon(self, settings: str = "") -> Iterator[subprocess.Popen[bytes]]:
        """Run the daemon while the block runs."""
        self.configure(settings)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self._socket))
            listening.listen()
            number = listening.fileno()
            with (self.folder / "daemon.log").open("wb") as log:
                process = subprocess.Popen(
                    ["bash", "-c", _DAEMON, "bash", str(number)],
                    env={**os.environ, **self.variables},
                    pass_fds=[number],
                    stdout=log,
                    stderr=log,
                )
        with process:
            try:
                yield process
            finally:
                process.terminate()
                self._socket.unlink()
                self.configure()
