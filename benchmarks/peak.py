"""``python -m benchmarks.peak FILE …``: as ``python -m verbatim …``, and leaves its own peak memory in FILE, in bytes.

Asked of /proc and not of getrusage(2), whose peak survives exec, and so is never below the starter's.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from verbatim.program import program


def main() -> None:
    """Run the program, and however it ends, leave the report."""
    report = Path(sys.argv.pop(1))
    try:
        program.run()
    finally:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        (kibibytes,) = re.findall(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
        report.write_text(str(int(kibibytes) * 1024), encoding="ascii")


if __name__ == "__main__":
    main()
