"""``python -m verbatim``: what ``./invoke`` starts."""

import os
import sys

for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
    if getattr(sys, name) is None:
        # Whoever started it has closed it: no file that is opened later may take its place.
        setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - it stays open

try:
    from verbatim.program import program

    program.run()
except KeyboardInterrupt:
    # So early that no task had begun.
    os._exit(130)
