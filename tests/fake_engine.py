"""An engine for tests of what is done with several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from verbatim.capabilities import Check
from verbatim.engines.protocol import Job


@dataclass
class Fake:
    """An engine that makes whatever it is told to."""

    name: str
    makes: Mapping[str, bytes] = field(default_factory=dict)
    lacks: str = ""
    status: int = 0
    location: str = ""

    def checks(self) -> list[Check]:
        return [
            Check(f"{self.name}: a fake", True, "there"),
            Check(f"{self.name}: a daemon", not self.lacks, self.lacks or "there", "start it"),
        ]

    def run(self, job: Job) -> int:
        job.log.write_text(f"{self.name} ran\n", encoding="ascii")
        for name, content in self.makes.items():
            (job.output / name).write_bytes(content)
        return self.status
