"""``python -m tests.golden``: write the golden files again; see what git says of the difference."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.golden import FOLDER, prepare, shown


def main(commands: list[str]) -> None:
    """Run each command line, and write what it printed to its file."""
    for path, lines in shown(commands).items():
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder))
            texts = [_printed(line, folder) for line in lines]
        (FOLDER / path).write_text("\n".join(texts), encoding="utf-8")


def _printed(arguments: tuple[str, ...], folder: str) -> str:
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "verbatim", *arguments],
        cwd=folder,
        env={**os.environ, "VERBATIM_CACHE": str(Path(folder) / "cache"), "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return f"$ {shlex.join(['./invoke', *arguments])}\n{done.stdout}[{done.returncode}]\n"


if __name__ == "__main__":
    main(sys.argv[1:])
