"""Parses the summary that CPython's regrtest prints at its end, as in its ``libregrtest/results.py``.

The output is untrusted: the tested program may print anything, up to the limit on output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: The last one counts: there are two if failed tests were repeated.
_RESULT = re.compile(r"^== Tests result: (?P<state>.{1,100}) ==$", re.MULTILINE)
#: Failed tests are repeated from here on.
_AGAIN = re.compile(r"^(?:[0-9:]+ (?:load avg: \S+ )?)?Re-running \d+ failed tests", re.MULTILINE)
#: A list of modules, each of which regrtest calls a test; the title is "failed", for instance, or "re-run".
_LIST = re.compile(
    r"^\d+ (?:(?P<again>re-run) tests?|tests? (?P<title>\S.*)):\n(?P<names>(?: {4}.*\n)+)", re.MULTILINE
)
_GOOD = re.compile(r"^(?:All )?(\d{1,6}) tests? OK\.$", re.MULTILINE)
_TESTS = re.compile(
    r"^Total tests: run=([\d,]{1,15})(?: \(filtered\))?(?: failures=[\d,]+)?(?: skipped=([\d,]{1,15}))?$",
    re.MULTILINE,
)
#: How unittest names a test above its traceback.
_FAILED = re.compile(r"^={70}\n(?:FAIL|ERROR|UNEXPECTED SUCCESS): (.{1,500})$", re.MULTILINE)
_NAME = re.compile(r"(\S+) \(([\w.]+)\)")
#: Progress: "0:01:02 load avg: 1.50 [ 12/471/1] test_json passed".
_REACHED = re.compile(r"[0-9:]{1,9} [^\[]{0,50}\[ *(\d{1,6})/(\d{1,6})(?:/\d{1,6})?\] ")
_SUCCESS = re.compile(r"(FAILURE then )?SUCCESS")


@dataclass(frozen=True)
class Summary:
    """The modules' and the tests' results."""

    #: Whether regrtest calls it a success.
    succeeded: bool
    #: How many modules passed, at first or when repeated, and which did not.
    passed: int
    failed: Sequence[str]
    #: Those that only passed when repeated.
    again: Sequence[str]
    #: Those that were skipped for lack of something, and those that were not reached.
    skipped: Sequence[str]
    omitted: Sequence[str]
    #: How many tests were run (repeated ones count twice), and how many were skipped.
    tests: int
    skipped_tests: int
    #: The names of those that failed in the end.
    failed_tests: Sequence[str]


def read_summary(log: str) -> Summary | None:
    """Parse regrtest's output; None if it does not end with a result."""
    results = list(_RESULT.finditer(log))
    if not results:
        return None
    last = log[results[-1].end() :]
    counts = _TESTS.search(last)
    if counts is None:
        return None
    again = _AGAIN.search(log)
    named = {list_["title"] or list_["again"]: list_["names"].split() for list_ in _LIST.finditer(last)}
    good = _GOOD.search(last)
    failed = named.get("failed", [])
    return Summary(
        succeeded=_SUCCESS.fullmatch(results[-1]["state"]) is not None,
        passed=int(good[1]) if good else 0,
        failed=failed,
        again=sorted(set(named.get("re-run", [])).difference(failed)),
        skipped=sorted({*named.get("skipped", []), *named.get("skipped (resource denied)", [])}),
        omitted=named.get("omitted", []),
        tests=_number(counts[1]),
        skipped_tests=_number(counts[2] or "0"),
        failed_tests=sorted(set(_failed_tests(log[again.start() :] if again else log))),
    )


def reached(line: str) -> tuple[int, int] | None:
    """How many modules are done, and of how many, from a line of regrtest; None for other lines."""
    match = _REACHED.match(line)
    return (int(match[1]), int(match[2])) if match else None


def _number(text: str) -> int:
    return int(text.replace(",", "") or "0")


def _failed_tests(log: str) -> Iterator[str]:
    for failure in _FAILED.finditer(log):
        named = _NAME.match(failure[1])
        if named is None:
            yield failure[1]
        else:
            # From 3.11 on, the name in brackets is the whole one.
            name, whole = named.groups()
            yield whole if whole.endswith(f".{name}") else f"{whole}.{name}"
