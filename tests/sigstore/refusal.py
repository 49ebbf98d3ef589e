"""How a service says no."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - it is an answer, too
    """What a service does not do, and why; the status is that of HTTP."""

    def __init__(self, reason: str, *, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status
