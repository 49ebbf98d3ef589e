"""What the interpreter is trained with: train.py ROUNDS.

Ordinary programs in small, by one thread. What they do, and how often, is the same each time: they ask neither for the time
nor for chance, and their results go nowhere.
"""

import sys

import training_calls
import training_classes
import training_data
import training_formats
import training_numbers

_WORKLOADS = (
    *training_classes.WORKLOADS,
    *training_calls.WORKLOADS,
    *training_numbers.WORKLOADS,
    *training_data.WORKLOADS,
    *training_formats.WORKLOADS,
)


def main() -> None:
    """All of it, as many times as the command line says."""
    for _ in range(int(sys.argv[1])):
        for workload in _WORKLOADS:
            workload()


if __name__ == "__main__":
    main()
