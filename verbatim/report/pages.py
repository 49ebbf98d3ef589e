"""Pages of HTML, from the templates beside this module. What they show is untrusted, and escaped."""

from __future__ import annotations

import os
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from verbatim.scratch import scratch

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
)


def write_html(path: Path, template: str, **values: object) -> None:
    """Render a template to a file, which is written completely or not at all."""
    page = _TEMPLATES.get_template(template).render(values)
    with scratch(path.absolute().parent) as work:
        (work / "page").write_text(page, encoding="utf-8")
        os.replace(work / "page", path)
