"""One measured figure beside its target."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: The seconds that each workload took, once a round, by its name.
Times = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Figure:
    """What was measured, once a round, and the most or the least that it should be (None: it is only of interest)."""

    what: str
    target: float | None
    values: Sequence[float]
    #: Of the values; empty for a ratio.
    unit: str = ""
    #: What the ratio's other side is, and how long both sides took.
    beside: str = ""
    seconds: str = ""
    #: Whether more is better.
    at_least: bool = False
    #: What the values are the mean of, by their names: the median of the rounds of each.
    parts: Mapping[str, float] = field(default_factory=dict)

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

    @classmethod
    def speed(cls, ours: tuple[str, Times], peer: tuple[str, Times], target: float) -> Figure:
        """Our speed by the peer's: the geometric mean of what each workload's time gives, round for round."""
        ratios = {
            name: [theirs / mine for mine, theirs in zip(times, peer[1][name], strict=True)]
            for name, times in ours[1].items()
        }
        return cls(
            what=ours[0],
            target=target,
            values=[statistics.geometric_mean(each) for each in zip(*ratios.values(), strict=True)],
            beside=peer[0],
            at_least=True,
            parts={name: statistics.median(values) for name, values in ratios.items()},
        )

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the target is met, if there is one."""
        if self.target is None:
            return None
        return self.median >= self.target if self.at_least else self.median <= self.target

    @property
    def columns(self) -> tuple[str, ...]:
        """The figure as the cells of a row, in the order of `HEADINGS`."""
        spread = f"{self._number(min(self.values))} to {self._number(max(self.values))}"
        return (
            self.what,
            self.beside,
            self._number(self.median) + self._suffix,
            spread if len(self.values) > 1 else "",
            "" if self.target is None else f"at {self._bound} {self.target:g}{self._suffix}",
            _MET[self.met],
            self.seconds,
        )

    @property
    def _bound(self) -> str:
        return "least" if self.at_least else "most"

    @property
    def _suffix(self) -> str:
        return f" {self.unit}" if self.unit else ""

    def _number(self, value: float) -> str:
        return f"{value:.3f}" if not self.unit or value < 1 else f"{value:.1f}"


_MET = {True: "yes", False: "**no**", None: ""}
HEADINGS = ("measured", "against", "median", "spread", "target", "met", "median times")
