"""The starter set of attestations: a policy, a page and files for CI, from the templates in the folder beside this module."""

from __future__ import annotations

import shlex
from pathlib import Path

from verbatim import console
from verbatim.commands.attestations_init import Origin
from verbatim.report.pages import plain_text

#: By its name in the new folder, the template of each file.
FILES = {
    "policy.toml": "starter/policy.toml",
    "README.md": "starter/README.md",
    ".github/workflows/check.yml": "starter/github.yml",
    ".gitlab-ci.yml": "starter/gitlab.yml",
}


def write_starter(folder: Path, origin: Origin) -> None:
    """Write all files into an empty folder, and say what comes next. A file is never replaced."""
    for name, template in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = plain_text(
            template, folder=shlex.quote(str(folder)), repository=origin.repository, commit=origin.commit
        )
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        console.result(str(path))
    if not origin.is_known:
        console.warn(
            "set VERBATIM_REPOSITORY and VERBATIM_COMMIT in the CI files: this checkout has no public address"
        )
    console.note(f"{folder / 'README.md'} says how to go on")
