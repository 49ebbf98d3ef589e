"""Processes of this machine, as /proc shows them."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process, held so that its number cannot come to mean another one."""

    number: int
    descriptor: int
    name: str
    #: Its mount namespace.
    mounts: str


def descendants(ancestor: int) -> list[Process]:
    """All that a process has started, and what they have started, also inside a sandbox."""
    found, wanted = [], [ancestor]
    while wanted:
        parent = wanted.pop()
        for child in _children(parent):
            wanted.append(child)
            try:
                name = (_PROC / str(child) / "comm").read_text().strip()
                found.append(Process(child, os.pidfd_open(child), name, _mounts(child)))
            except OSError:
                continue
    return found


def wait_until_gone(processes: Iterable[Process], seconds: float = 20) -> list[str]:
    """Wait for processes to end; give the names of those that have not by then."""
    deadline = time.monotonic() + seconds
    left = []
    for process in processes:
        poll = select.poll()
        poll.register(process.descriptor, select.POLLIN)
        if not poll.poll(max(0, deadline - time.monotonic()) * 1000):
            left.append(process.name)
        os.close(process.descriptor)
    return left


def in_namespace(mounts: str) -> list[int]:
    """The processes that see a mount namespace, whatever they are."""
    numbers = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal()]
    return [number for number in numbers if _mounts(number) == mounts]


def _children(number: int) -> list[int]:
    try:
        tasks = list((_PROC / str(number) / "task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _mounts(number: int) -> str:
    try:
        return os.readlink(_PROC / str(number) / "ns" / "mnt")
    except OSError:
        return ""
