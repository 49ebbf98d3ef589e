"""What a rebuild can vary: each variation by its name, with values for two rebuilds.

The choice of variations follows reprotest(1).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from verbatim.console import human_size
from verbatim.engines.conditions import (
    ADDR_COMPAT_LAYOUT,
    ADDR_NO_RANDOMIZE,
    NO_HOME,
    UNAME26,
    BuildConditions,
)
from verbatim.errors import UsageError
from verbatim.variation.tools import Tools

#: Bytes of memory that must be available for a build in it.
MEMORY = 2 << 30

_LOCALES = ("tr_TR.UTF-8", "et_EE.ISO-8859-15")
_FUSE = "/dev/fuse"


@dataclass(frozen=True)
class Host:
    """The properties of this machine that decide what can be varied."""

    cpus: frozenset[int]
    #: Why FUSE file systems cannot be mounted; empty if they can.
    fuse_refusal: str
    #: The build folder's file system by default, such as "ext4".
    file_system: str
    #: Bytes of available memory.
    memory: int
    tools: Tools

    @classmethod
    def look(cls, work: Path, tools: Tools) -> Host:
        """Look at this machine, for builds in that folder."""
        return cls(frozenset(os.sched_getaffinity(0)), _fuse_refusal(), _file_system(work), _memory(), tools)


@dataclass(frozen=True)
class Value:
    """One value of a variation."""

    #: For people to read.
    text: str
    #: The fields of `BuildConditions` that it sets.
    changes: Mapping[str, Any]


ValuePair = tuple[Value, Value]


@dataclass(frozen=True)
class Variation:
    """One condition that artifacts must not depend on."""

    name: str
    #: For the first rebuild and for the second.
    values: Callable[[Host], ValuePair]
    #: Why this machine cannot vary it; empty if it can.
    lack: Callable[[Host], str] = lambda _: ""


def conditions_of(values: Iterable[Value]) -> BuildConditions:
    """The contract's conditions with all these values. Mappings and flags are merged; they never overlap."""
    conditions = BuildConditions()
    for value in values:
        changes = {name: _joined(getattr(conditions, name), new) for name, new in value.changes.items()}
        conditions = replace(conditions, **changes)
    return conditions


def _joined(former: Any, new: Any) -> Any:
    if isinstance(new, Mapping):
        return {**former, **new}
    return former | new if isinstance(new, _Flags) else new


class _Flags(int):
    """Bits that are combined with those of other values."""


def choose_variations(text: str) -> list[Variation]:
    """The variations that ``--vary`` names, with commas between them, or ``all``.

    Raises UsageError for an unknown or repeated name.
    """
    if text == "all":
        return list(VARIATIONS.values())
    names = text.split(",")
    for name in names:
        if name not in VARIATIONS:
            raise UsageError(
                f"--vary: there is no variation {name!r}", f"there are: {', '.join(VARIATIONS)}, and all"
            )
    if len(set(names)) < len(names):
        raise UsageError(f"--vary {text} names a variation twice", "name each once")
    return [VARIATIONS[name] for name in names]


def _always(first: Value, second: Value | None = None) -> Callable[[Host], ValuePair]:
    return lambda _: (first, second or first)


def _value(text: str, **changes: Any) -> Value:
    return Value(text, changes)


def _variable(name: str, value: str) -> Value:
    return _value(f"{name}={value}", variables={name: value})


def _clock(host: Host) -> ValuePair:
    def value(text: str, offset: str) -> Value:
        variables = {
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME": offset,
            "FAKETIME_DISABLE_SHM": "1",
            "LD_PRELOAD": "/in/vary/clock/libfaketime.so.1",
            # The inputs' times are part of the inputs.
            "NO_FAKE_STAT": "1",
        }
        return _value(text, variables=variables, more_inputs={"vary/clock": host.tools.clock})

    return value("20 years ahead", "+20y"), value("20 years behind", "-20y")


def _cpus(host: Host) -> ValuePair:
    first, *others = sorted(host.cpus)
    return (
        _value(f"only CPU {first}", cpus=frozenset({first})),
        _value(f"all CPUs but {first}", cpus=frozenset(others)),
    )


def _host(name: str, domain: str) -> Value:
    return _value(f"{name}.{domain}", host=name, domain=domain)


def _ids(uid: int, gid: int, user: str, group: str) -> Value:
    return _value(f"{uid}:{gid} ({user}:{group})", uid=uid, gid=gid, user=user, group=group)


def _locale(host: Host) -> ValuePair:
    folder = host.tools.locales(*_LOCALES)
    first, second = (
        _value(
            name,
            variables={"LC_ALL": name, "LOCPATH": "/in/vary/locales"},
            more_inputs={"vary/locales": folder},
        )
        for name in _LOCALES
    )
    return first, second


def _variables(user: str, seed: str, columns: str) -> Value:
    variables = {
        "COLUMNS": columns,
        "LOGNAME": user,
        "PATH": "/usr/local/bin:/usr/bin:/usr/sbin:/usr/games",
        "PYTHONHASHSEED": seed,
        "USER": user,
    }
    return _value(" ".join(f"{name}={value}" for name, value in variables.items()), variables=variables)


def _file_order(host: Host) -> ValuePair:
    sort = "--sort-dirents=yes"
    return (
        _value("by name", reorder=host.tools.reorder(sort, "--reverse-dirents=no")),
        _value("by name, backwards", reorder=host.tools.reorder(sort, "--reverse-dirents=yes")),
    )


def _lacks_cpus(host: Host) -> str:
    return "" if len(host.cpus) > 1 else "there is only one CPU"


def _lacks_file_system(host: Host) -> str:
    if host.file_system == "tmpfs":
        return "builds are in memory already: VERBATIM_CACHE is on a tmpfs"
    if host.memory < MEMORY:
        return f"{human_size(host.memory)} of memory are available, expected {human_size(MEMORY)}"
    return ""


def _personality(text: str, flags: int) -> Value:
    return _value(text, personality=_Flags(flags))


#: By their names, which users and scripts rely on: none may change.
VARIATIONS = {
    variation.name: variation
    for variation in (
        Variation(
            "build-path",
            _always(
                _value("/tmp/b", build_path="/tmp/b"),  # noqa: S108 - inside
                _value("/tmp/another/place/to/build/in", build_path="/tmp/another/place/to/build/in"),  # noqa: S108
            ),
        ),
        Variation("clock", _clock),
        Variation("cpus", _cpus, _lacks_cpus),
        Variation("host", _always(_host("another", "example.org"), _host("yet-another-host", "test"))),
        Variation("ids", _always(_ids(0, 0, "root", "root"), _ids(31415, 27182, "somebody", "some-people"))),
        Variation("umask", _always(_value("077", umask=0o077), _value("000", umask=0))),
        Variation("locale", _locale),
        # Fourteen hours east and twelve west of UTC, in POSIX's form, which needs no time zone database.
        Variation("time-zone", _always(_variable("TZ", "<+14>-14"), _variable("TZ", "<-12>+12"))),
        Variation(
            "variables",
            _always(_variables("somebody", "1", "20"), _variables("anybody", "4294967295", "999")),
        ),
        Variation(
            "home",
            _always(
                _value("an empty folder", home="/tmp/home"),  # noqa: S108 - inside
                _value("a folder that does not exist", home=NO_HOME),
            ),
        ),
        Variation("kernel", _always(_personality("release 2.6", UNAME26))),
        Variation("file-order", _file_order, lambda host: host.fuse_refusal),
        Variation(
            "address-space",
            _always(
                _personality("not randomized", ADDR_NO_RANDOMIZE),
                _personality("not randomized, old layout", ADDR_NO_RANDOMIZE | ADDR_COMPAT_LAYOUT),
            ),
        ),
        Variation("file-system", _always(_value("tmpfs", in_memory=True)), _lacks_file_system),
    )
}


def _fuse_refusal() -> str:
    try:
        os.close(os.open(_FUSE, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return f"{_FUSE}: {error.strerror}"
    return ""


def _file_system(folder: Path) -> str:
    """The type of a folder's file system, as in mount(8); empty if the kernel does not list it."""
    device = folder.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        mount, _, kind = line.partition(" - ")
        if mount.split()[2] == number:
            return kind.split()[0]
    return ""


def _memory() -> int:
    text = Path("/proc/meminfo").read_text(encoding="ascii")
    match = re.search(r"^MemAvailable:\s+(\d+) kB$", text, re.MULTILINE)
    return int(match[1]) * 1024 if match else 0
