"""An ssh server of the tests' own on the loopback address, which lets in only who runs the tests."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: What ssh calls the server.
HOST = "builder"

_SERVER = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PasswordAuthentication no
PidFile none
StrictModes no
UsePAM no
"""

_CLIENT = """
Host {name}
    HostName 127.0.0.1
    Port {port}
    User {user}
    IdentityFile {folder}/user
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known
    StrictHostKeyChecking yes
    BatchMode yes
"""

#: Where sshd drops its rights, as whoever starts it as root has to see to.
_EMPTY = Path("/run/sshd")


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a server while the block runs, with its keys in a folder; give ssh's options to reach it as ``builder``."""
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert program is not None, "openssh-server is not installed"
    if os.getuid() == 0:
        _EMPTY.mkdir(mode=0o755, exist_ok=True)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port = chosen.getsockname()[1]
    filled = {"folder": folder, "name": HOST, "port": port, "user": getpass.getuser()}
    (folder / "server").write_text(_SERVER.format(**filled), encoding="utf-8")
    (folder / "client").write_text(_CLIENT.format(**filled), encoding="utf-8")
    key = (folder / "host.pub").read_text(encoding="utf-8")
    (folder / "known").write_text(f"[127.0.0.1]:{port} {key}", encoding="utf-8")
    with subprocess.Popen(
        [program, "-D", "-e", "-f", str(folder / "server")], stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stderr is not None
            # It says so as soon as it listens.
            said = process.stderr.readline()
            assert b"listening" in said.lower(), said
            yield f"-F {folder / 'client'}"
        finally:
            process.terminate()
            process.communicate()
