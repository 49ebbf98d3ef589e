"""One measured figure beside its target."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured, once a round, and the most that it should be (None: it is only of interest)."""

    what: str
    target: float | None
    values: Sequence[float]
    #: Of the values; empty for a ratio.
    unit: str = ""
    #: What the ratio's other side is, and how long both sides took.
    beside: str = ""
    seconds: str = ""

    @classmethod
    def ratio(
        cls, ours: tuple[str, Sequence[float]], peer: tuple[str, Sequence[float]], target: float | None
    ) -> Figure:
        """Our time by the peer's, round for round: what slowed down a round slowed down both."""
        return cls(
            what=ours[0],
            target=target,
            values=[mine / theirs for mine, theirs in zip(ours[1], peer[1], strict=True)],
            beside=peer[0],
            seconds=f"{statistics.median(ours[1]):.1f} s, {statistics.median(peer[1]):.1f} s",
        )

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the target is met, if there is one."""
        return None if self.target is None else self.median <= self.target

    @property
    def columns(self) -> tuple[str, ...]:
        """The figure as the cells of a row, in the order of `HEADINGS`."""
        spread = f"{self._number(min(self.values))} to {self._number(max(self.values))}"
        return (
            self.what,
            self.beside,
            self._number(self.median) + self._suffix,
            spread if len(self.values) > 1 else "",
            "" if self.target is None else f"at most {self.target:g}{self._suffix}",
            _MET[self.met],
            self.seconds,
        )

    @property
    def _suffix(self) -> str:
        return f" {self.unit}" if self.unit else ""

    def _number(self, value: float) -> str:
        return f"{value:.3f}" if not self.unit or value < 1 else f"{value:.1f}"


_MET = {True: "yes", False: "**no**", None: ""}
HEADINGS = ("measured", "against", "median", "spread", "target", "met", "median times")
