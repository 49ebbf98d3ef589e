"""An ordinary user of this machine, and a place that is this user's.

Whoever runs the tests as root has what an ordinary user cannot read: the tests' temporary folders, perhaps
the interpreter itself. So such a user gets a folder of its own, with a copy of what it needs, and the system's
python3.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verbatim.scratch import remove_tree

#: By convention the number of nobody, who owns nothing.
_NOBODY = 65534


@dataclass(frozen=True)
class User:
    """The user who runs the tests, or, if that is root, nobody."""

    home: Path

    @property
    def is_another(self) -> bool:
        return os.getuid() == 0

    @property
    def number(self) -> int:
        return _NOBODY if self.is_another else os.getuid()

    @property
    def who(self) -> Mapping[str, Any]:
        """To be given to ``subprocess.run``."""
        return {"user": self.number, "group": self.number, "extra_groups": []} if self.is_another else {}

    @property
    def environment(self) -> dict[str, str]:
        """The variables of this process, such as certificates and proxies, but this user's home and programs."""
        own = {
            name: value for name, value in os.environ.items() if not name.startswith(("VERBATIM_", "XDG_"))
        }
        path = {"PATH": "/usr/local/bin:/usr/bin:/bin"} if self.is_another else {}
        return {**own, **path, "HOME": str(self.home), "TMPDIR": str(self.home)}

    def owns(self, folder: Path) -> None:
        """Give a folder and all in it to this user."""
        if self.is_another:
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, self.number, self.number, follow_symlinks=False)


@contextmanager
def ordinary_user() -> Iterator[User]:
    """Yield a user with an empty home; remove that afterwards."""
    home = Path(tempfile.mkdtemp(prefix="verbatim-"))
    try:
        yield User(home)
    finally:
        remove_tree(home)
