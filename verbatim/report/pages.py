"""What is rendered from the templates beside this module: pages of HTML, whose untrusted values are escaped, and plain text."""

from __future__ import annotations

import os
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from verbatim.report.generated import check_page
from verbatim.scratch import scratch

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
)


# In which nothing is markup: whoever renders one knows the shape of each value.
_PLAIN = _TEMPLATES.overlay(autoescape=False, trim_blocks=True, keep_trailing_newline=True)


def plain_text(template: str, **values: object) -> str:
    """Render a template of plain text."""
    return _PLAIN.get_template(template).render(values)


def write_html(path: Path, template: str, **values: object) -> None:
    """Render a template to a file, which is written completely or not at all.

    Raises UsageError if there is a file by now that Verbatim did not write: the work may have taken hours.
    """
    check_page(path)
    page = _TEMPLATES.get_template(template).render(values)
    with scratch(path.absolute().parent) as work:
        (work / "page").write_text(page, encoding="utf-8")
        os.replace(work / "page", path)
