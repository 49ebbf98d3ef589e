"""What a recipe finds with every engine."""

from __future__ import annotations


def contract_variables(epoch: int) -> dict[str, str]:
    """All the variables there are inside."""
    return {
        # bubblewrap always sets this one.
        "PWD": "/build",
        "HOME": "/build",
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/usr/sbin",
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": str(epoch),
        "TZ": "UTC",
    }
