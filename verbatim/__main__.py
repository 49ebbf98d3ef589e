"""``python -m verbatim``: what ``./invoke`` starts."""

import os

try:
    from verbatim.program import program

    program.run()
except KeyboardInterrupt:
    # So early that no task had begun.
    os._exit(130)
