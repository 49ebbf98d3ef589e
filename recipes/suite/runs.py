"""Sees that a tree works where it lies: runs.py, run by the tree's interpreter, which need not be able to write there.

It imports what was compiled, sees whose libraries that uses, and what is said of the paths; makes a virtual environment; and
is started in other ways. Says how many authorities' certificates the system has, which may be none. The status is 0 if all is
as it should be; if not, it is said what is not.
"""

import importlib
import os
import pwd
import re
import socket
import ssl
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

PREFIX = Path(sys.base_prefix)
#: The C library's; nothing else of the system is needed.
GLIBC = re.compile(r"(ld-linux-.*|lib(c|m|dl|pthread|resolv|rt|util|nss_.*))\.so\.\d")


class UnexpectedError(Exception):
    """Something is not as it should be."""


def main() -> None:
    """See to each, even if another failed."""
    checks = (
        import_all,
        use_own_libraries,
        say_where_it_is,
        know_the_user,
        start_in_other_ways,
        run_scripts,
        make_venv,
        load_certificates,
    )
    failed = [check.__name__ for check in checks if not passes(check)]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def passes(check: Callable[[], None]) -> bool:
    """Whether it comes to its end."""
    try:
        check()
    except (ImportError, OSError, subprocess.CalledProcessError, UnexpectedError) as error:
        say(f"{check.__name__}: {type(error).__name__}: {error}")
        return False
    return True


def say(text: str) -> None:
    """Print a line now: what is started prints as well."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def expect(got: object, expected: object) -> None:
    """See that something is what it should be."""
    if got != expected:
        raise UnexpectedError(f"got {got!r}, expected {expected!r}")


def printed(*command: str | Path, **variables: str) -> str:
    """What a command prints that has these variables, and no other."""
    done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return done.stdout.strip()


def import_all() -> None:
    """Whatever was compiled."""
    [folder] = PREFIX.glob("lib/python3*/lib-dynload")
    names = sorted({path.name.partition(".")[0] for path in folder.glob("*.so")})
    for name in names:
        importlib.import_module(name)
    say(f"extension modules: {len(names)}")
    if len(names) < 50:
        raise UnexpectedError("that is too few")


def use_own_libraries() -> None:
    """Once all is imported, every library that is used is the tree's, but for those of the C library."""
    maps = Path("/proc/self/maps").read_text(encoding="utf-8")
    used = {Path(line.split(None, 5)[5]) for line in maps.splitlines() if ".so" in line}
    others = {path.name for path in used if not path.is_relative_to(PREFIX)}
    expect(sorted(name for name in others if not GLIBC.fullmatch(name)), [])


def say_where_it_is() -> None:
    """What builds extensions is told where the tree is, and what is there."""
    expect(PREFIX, Path(sys.executable).resolve().parent.parent)
    for name, path in sysconfig.get_paths().items():
        if not Path(path).is_relative_to(PREFIX):
            raise UnexpectedError(f"{name} is {path}")
    expect(Path(sysconfig.get_path("include"), "Python.h").is_file(), True)
    expect(sysconfig.get_config_var("LIBDIR"), f"{PREFIX}/lib")
    makefile = Path(sysconfig.get_makefile_filename())
    expect((makefile.is_file(), makefile.is_relative_to(PREFIX)), (True, True))


def know_the_user() -> None:
    """By name, as the C library looks it up; and this machine."""
    say(f"user: {pwd.getpwuid(os.getuid()).pw_name}")
    expect("127.0.0.1" in {address[4][0] for address in socket.getaddrinfo("localhost", None)}, True)


def start_in_other_ways() -> None:
    """By a link, by a name to look for, and with no locale that knows the letters of its path."""
    said = ("-c", "import os, sys; print(os.fsencode(sys.base_prefix).hex())")
    expected = os.fsencode(PREFIX).hex()
    link = Path.cwd() / "other name"
    link.symlink_to(sys.executable)
    expect(printed(link, *said), expected)
    expect(printed("python3", *said, PATH=str(PREFIX / "bin")), expected)
    for locale in "C", "POSIX", "tlh_KX.UTF-8":
        expect(printed(sys.executable, *said, LC_ALL=locale), expected)


def run_scripts() -> None:
    """Those that begin with whatever interpreter lies beside them, and what is said to compilers."""
    if not Path("/bin/sh").exists():
        say("no shell, and so no scripts")
        return
    expect(f" from {PREFIX}/" in printed(PREFIX / "bin/pip3", "--version", PATH=os.environ["PATH"]), True)
    config = PREFIX / "bin/python3-config"
    expect(printed(config, "--prefix", PATH=os.environ["PATH"]), str(PREFIX))
    include = sysconfig.get_path("include")
    expect(printed(config, "--includes", PATH=os.environ["PATH"]), f"-I{include} -I{include}")


def make_venv() -> None:
    """An environment with pip, which is started by the script that was made for it."""
    venv = Path.cwd() / "venv"
    printed(sys.executable, "-m", "venv", venv)
    expect(
        printed(venv / "bin/python", "-c", "import sys; print(sys.prefix, sys.base_prefix)"),
        f"{venv} {PREFIX}",
    )
    expect(f" from {venv}/" in printed(venv / "bin/pip", "--version"), True)


def load_certificates() -> None:
    """As whoever fetches something does."""
    say(f"certificates: {ssl.create_default_context().cert_store_stats()['x509_ca']}")


if __name__ == "__main__":
    main()
