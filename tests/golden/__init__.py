"""What a user sees of the command line, as files to be read by eye; ``./invoke reference`` writes them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

FOLDER = Path(__file__).parent

#: Each wrong use, by the arguments; run in a folder that has the files a, b and page.html.
ERRORS: Sequence[tuple[str, ...]] = (
    ("bulid",),
    ("build",),
    ("build", "--ofline"),
    ("build", "--version"),
    ("build", "--version="),
    ("build", "--version", "3.13"),
    ("build", "--version", "3.13.5", "--version", "3.13.4"),
    ("build", "--version", "3.13.5", "--jobs", "many"),
    ("build", "--version", "3.13.5", "--jobs", "0"),
    ("build", "--version", "3.13.5", "--artifacts", "wheels"),
    ("build", "--version", "3.13.55", "--source", "tarball", "--offline"),
    ("compare", "a"),
    ("compare", "a", "missing"),
    ("compare", "a", "b", "--explain", "--html", "page.html"),
    ("compare", "a", "b", "--explain", "--html", "new/page.html"),
    ("check", "--version", "3.13.5"),
    ("lock", "--environment", "nonexistent"),
)


def prepare(folder: Path) -> None:
    """Make the files that the wrong uses speak of."""
    for name in ("a", "b", "page.html"):
        (folder / name).write_text(name, encoding="ascii")


def shown(commands: Sequence[str]) -> Mapping[str, Sequence[tuple[str, ...]]]:
    """By file, the command lines whose output it has."""
    helps = {f"help/{name}.txt": [(name, "--help")] for name in commands}
    return {"overview.txt": [()], "list.txt": [("--list",)], "errors.txt": list(ERRORS), **helps}
