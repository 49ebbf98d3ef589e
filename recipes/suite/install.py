"""Sees that the tree's pip installs things, without network: install.py RECIPE, run by the tree's interpreter.

A virtual environment; in it, a wheel with a command, and an sdist with an extension in C, which a build backend of its
own compiles as sysconfig says. Prints "verdict NAME passed" or "verdict NAME failed" for each.
"""

import base64
import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

RECIPE = Path(sys.argv[1])
WORK = Path.cwd() / "install"
VENV = WORK / "venv"

_METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
_WHEEL = "Wheel-Version: 1.0\nGenerator: install.py\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "verbatim-extension"
version = "1"
"""


class UnexpectedError(Exception):
    """What was installed does not do what it should."""


def main() -> None:
    """See to each, even if another failed."""
    WORK.mkdir()
    for name, check in ("venv", make_venv), ("wheel", install_wheel), ("sdist", install_sdist):
        say(f"verdict {name} {'passed' if passes(check) else 'failed'}")


def say(text: str) -> None:
    """Print a line now: what the commands print comes between."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def passes(check: Callable[[], None]) -> bool:
    """Whether it does what it should; what it complains of goes to the log."""
    try:
        check()
    except (OSError, subprocess.CalledProcessError, UnexpectedError) as error:
        say(f"{type(error).__name__}: {error}")
        return False
    return True


def run(*command: str | Path) -> str:
    """Run a command, and give what it prints."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    say(done.stdout)
    done.check_returncode()
    return done.stdout


def expect(got: str, expected: str) -> None:
    """See that a command printed what it should."""
    if got.strip() != expected:
        raise UnexpectedError(f"got {got!r}, expected {expected!r}")


def pip(*arguments: str | Path) -> None:
    """Run the environment's pip."""
    run(VENV / "bin" / "python", "-m", "pip", "--no-cache-dir", "--disable-pip-version-check", *arguments)


def make_venv() -> None:
    """An environment outside the tree, which stays the prefix."""
    run(sys.executable, "-m", "venv", VENV)
    expect(run(VENV / "bin" / "python", "-c", "import sys; print(sys.base_prefix)"), sys.base_prefix)


def install_wheel() -> None:
    """A wheel with a command, which runs."""
    dist_info = "verbatim_wheel-1.dist-info"
    files = {
        "verbatim_wheel.py": "def main():\n    print('installed')\n",
        f"{dist_info}/METADATA": _METADATA.format(name="verbatim-wheel"),
        f"{dist_info}/WHEEL": _WHEEL,
        f"{dist_info}/entry_points.txt": "[console_scripts]\nverbatim-wheel = verbatim_wheel:main\n",
    }
    record = "".join(f"{name},{digest(text)},{len(text)}\n" for name, text in files.items())
    path = WORK / "verbatim_wheel-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in {**files, f"{dist_info}/RECORD": f"{record}{dist_info}/RECORD,,\n"}.items():
            wheel.writestr(name, text)
    pip("install", "--no-index", path)
    expect(run(VENV / "bin" / "verbatim-wheel"), "installed")


def digest(text: str) -> str:
    """As in a wheel's RECORD."""
    hashed = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"sha256={hashed.rstrip('=')}"


def install_sdist() -> None:
    """An sdist whose extension calls the interpreter's C API."""
    files = {
        "PKG-INFO": _METADATA.format(name="verbatim-extension").encode(),
        "pyproject.toml": _PROJECT.encode(),
        "backend.py": (RECIPE / "backend.py").read_bytes(),
        "extension.c": (RECIPE / "extension.c").read_bytes(),
    }
    path = WORK / "verbatim_extension-1.tar.gz"
    with tarfile.open(path, "w:gz") as sdist:
        for name, data in files.items():
            info = tarfile.TarInfo(f"verbatim_extension-1/{name}")
            info.size = len(data)
            sdist.addfile(info, io.BytesIO(data))
    pip("install", "--no-index", path)
    code = "import verbatim_extension; print(verbatim_extension.twice(21))"
    expect(run(VENV / "bin" / "python", "-c", code), "42")


if __name__ == "__main__":
    main()
