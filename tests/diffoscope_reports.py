"""Reports as diffoscope writes them."""

from __future__ import annotations

import json
from typing import Any


def node(
    source: str, diff: str | None = None, *details: Any, comments: tuple[str, ...] = ()
) -> dict[str, Any]:
    made: dict[str, Any] = {"source1": source, "source2": source, "unified_diff": diff}
    if comments:
        made["comments"] = list(comments)
    return {**made, "details": list(details)} if details else made


def report(*details: Any, **more: Any) -> bytes:
    root = {"diffoscope-json-version": 1, **node("/in/a/x", None, *details), **more}
    return json.dumps(root).encode()
