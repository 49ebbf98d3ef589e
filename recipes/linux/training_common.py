"""What the workloads are about."""

import itertools

WORDS = [
    f"{first}{second}{third}"
    for first in "bdfgklmnprst"
    for second in "aeiou"
    for third in ("n", "r", "ster", "ß", "é")
]
TEXT = " ".join(itertools.islice(itertools.cycle(WORDS), 2000))


def use(*_results: object) -> None:
    """Nothing is done with them; that they were made is what counts."""
