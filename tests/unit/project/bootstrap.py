"""A checkout with stand-ins for the package, the host's Python and pip, to try ``./invoke`` in."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

#: Stands in for the package: says what it was started with.
PACKAGE = """
import json, sys
print(json.dumps({"arguments": sys.argv[1:], "prefix": sys.prefix, "utf8": sys.flags.utf8_mode}))
"""

#: Stands in for the host's Python: makes a .venv that has nothing in it but a stand-in for pip.
PYTHON = """\
#!{python}
import os, sys, venv
assert sys.argv[1:4] == ["-I", "-m", "venv"], sys.argv
venv.create(sys.argv[4], symlinks=True)
[site] = [place for place, _, _ in os.walk(sys.argv[4]) if place.endswith("site-packages")]
with open(site + "/pip.py", "w") as file:
    file.write({pip!r}.replace("CALLS", repr({calls!r})))
"""

#: Keeps an account of its calls and its variables, and installs one package, as ``STAND_IN`` says.
PIP = """
import json, os, pathlib, sys
with open(CALLS, "a") as file:
    settings = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    file.write(json.dumps([sys.argv[1:], settings]) + "\\n")
how = os.environ.get("STAND_IN", "well")
if how == "fails":
    sys.exit(7)
place = pathlib.Path(__file__).parent
package = (place.parent if how == "elsewhere" else place) / "thing-1.0.dist-info"
package.mkdir()
(package / "METADATA").write_text("Name: thing\\nVersion: " + ("0.9" if how == "another version" else "1.0"))
(package / "RECORD").write_text("thing-1.0.dist-info/METADATA,,\\nthing.py,,\\n")
if how != "a file short":
    (package.parent / "thing.py").touch()
report = {"install": [{"metadata": {"name": "thing", "version": "1.0"}}]}
pathlib.Path(sys.argv[sys.argv.index("--report") + 1]).write_text(json.dumps(report))
"""


@dataclass
class Checkout:
    """A checkout of a project as small as can be, and the programs that its machine has."""

    folder: Path
    programs: Path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.folder / "invoke"), *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.programs,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )

    def program(self, name: str, text: str) -> None:
        path = self.programs / name
        path.write_text(text)
        path.chmod(0o755)

    def module(self, name: str, text: str) -> None:
        """Put a module before the standard library's."""
        (self.programs / f"{name}.py").write_text(text)

    @property
    def set_ups(self) -> list[tuple[list[str], dict[str, str]]]:
        """What pip was called for, and what it was told by variables."""
        calls = self.programs / "calls"
        return [tuple(json.loads(line)) for line in calls.read_text().splitlines()] if calls.exists() else []


def started(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """What the package was started with."""
    assert done.returncode == 0, done.stderr
    said: dict[str, object] = json.loads(done.stdout)
    return said
