"""Lay the pages out for Sphinx: pages.py FRONT FROM TO.

The pages are written for a git host, which shows a folder's README.md as the folder's own page. A site does that with
index.html, so each README.md is called index.md here, and links to it are changed. FRONT gets the table of contents.
"""

import re
import shutil
import sys
from pathlib import Path

#: The menu: captions with pages, by their paths here without the suffix. Sphinx refuses a page that is in none of them.
MENU = {
    "Start": ["docs/tutorial"],
    "How to": [
        "docs/how-to/verify-a-download",
        "docs/how-to/become-a-rebuilder",
        "docs/how-to/sign-a-release",
        "docs/how-to/package-python",
        "docs/how-to/*",
    ],
    "How it works": [
        "docs/source-tarballs",
        "docs/documentation",
        "docs/platforms",
        "docs/architecture",
        "docs/threat-model",
    ],
    "Reference": ["docs/reference/*"],
    "Decisions": ["docs/decisions/index", "docs/decisions/*"],
    "The project": ["signing/index", "nix/index", "benchmarks/index", "tests/vectors/index", "*"],
}

_README = re.compile(r"(?P<before>\]\((?:[^):#\s]*/)?)README\.md(?P<after>[)#])")
#: A drawing in Mermaid's language, which a git host draws: floors with rooms in them, and arrows.
_DRAWING = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BOX = re.compile(r'(?P<floor>subgraph )?\w+\["(?P<text>[^"]*)"\]')


def laid_out(page: str) -> str:
    """A page as Sphinx reads it."""
    return _DRAWING.sub(drawn, _README.sub(r"\g<before>index.md\g<after>", page))


def drawn(drawing: re.Match[str]) -> str:
    """The floors and rooms as boxes in HTML, and the arrows in words: no program that draws is needed."""
    lines = [line.strip() for line in drawing[1].splitlines()]
    boxes = ['<div class="drawing">']
    for line in lines:
        if box := _BOX.fullmatch(line):
            boxes.append(f"<div><b>{box['text']}</b>" if box["floor"] else f"<div>{box['text']}</div>")
        elif line == "end":
            boxes.append("</div>")
    arrows = [line.replace("-->", "→") for line in lines if "-->" in line]
    return "\n".join([*boxes, "</div>", "", "```text", *arrows, "```"])


def menu() -> str:
    """The table of contents, which the front page has out of sight."""
    blocks = (
        f"```{{toctree}}\n:hidden:\n:glob:\n:caption: {caption}\n\n{chr(10).join(pages)}\n```\n"
        for caption, pages in MENU.items()
    )
    return "\n" + "\n".join(blocks)


def lay_out(front: str, source: Path, target: Path) -> None:
    """Copy the pages, changed as above, and whatever else is there as it is."""
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if path.is_dir():
            continue
        to = target / name
        to.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix != ".md":
            shutil.copyfile(path, to)
            continue
        text = laid_out(path.read_text(encoding="utf-8"))
        if name == Path(front):
            text += menu()
        to.with_name("index.md" if path.name == "README.md" else path.name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    lay_out(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
