"""What helps to find a fault: the commands that were run, what was printed, and where an error came from.

``--debug`` shows it on the screen, and ``VERBATIM_LOG`` names a file that it is appended to.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from verbatim import __version__, console
from verbatim.addresses import masked, showable
from verbatim.console import LOGGER
from verbatim.errors import UsageError

_VARIABLE = "VERBATIM_LOG"
_SECRET_NAME = re.compile(r"token|secret|passw|passphrase|credential|key$", re.IGNORECASE)
#: A shorter value would be found in every other word.
_SHORTEST_SECRET = 4
_MASK = "…"


@contextmanager
def recording(*, shown: bool) -> Iterator[None]:
    """Append to the file that ``VERBATIM_LOG`` names while the block runs; show what is not printed anyway if ``shown``.

    Raises UsageError for a file that others may read or write, or that is not a regular one.
    """
    handlers: list[logging.Handler] = [_Screen()] if shown else []
    path = os.environ.get(_VARIABLE)
    if path:
        handlers.append(_File(_opened(path)))
    if handlers:
        _listen()
    for handler in handlers:
        LOGGER.addHandler(handler)
    python, words = sys.version.split()[0], shlex.join(map(showable, sys.argv))
    LOGGER.info("Verbatim %s, Python %s: %s", __version__, python, words)
    try:
        yield
    finally:
        for handler in handlers:
            LOGGER.removeHandler(handler)
            handler.close()


def without_secrets(text: str) -> str:
    """The text as it may be kept. All that goes into the log, or is shown by ``--debug``, passes through here.

    It masks what is secret in addresses, the arguments that may be one too, and the values of environment variables whose names say that they are secret.
    Rather too much is masked than too little.
    """
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAME.search(name):
            text = text.replace(value, _MASK)
    for word in sys.argv:
        for value in (word, word.partition("=")[2]):
            if (shown := showable(value)) != value:
                # Also as Python quotes it, in the text of an error, and as a path.
                for form in (value, str(Path(value))):
                    text = text.replace(form, shown).replace(repr(form)[1:-1], shown)
    return masked(text, *sys.argv)


class _Lines(logging.Formatter):
    """Safe to look at, and without secrets; the further lines of a record begin with ``indent``."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self, form: str, indent: str) -> None:
        super().__init__(form)
        self._between = f"\n{indent}"

    def format(self, record: logging.LogRecord) -> str:
        lines = without_secrets(super().format(record)).splitlines()
        return self._between.join(console.printable(line) for line in lines)


class _Screen(logging.Handler):
    """Shows what is not printed anyway."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(_Lines("%(message)s", ""))

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.DEBUG:
            console.show_detail(self.format(record))


class _File(logging.StreamHandler[TextIO]):
    """Appends to the log."""

    def __init__(self, file: TextIO) -> None:
        super().__init__(file)
        # Indented, no text can pass for a record.
        self.setFormatter(_Lines("%(asctime)s %(process)d %(levelname)s %(message)s", "    "))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - its name in the base class
        """Go on without a log: a full disk must not end what is logged."""
        LOGGER.removeHandler(self)
        console.warn(f"{_VARIABLE} cannot be written: {sys.exception()}")

    def close(self) -> None:
        super().close()
        # What could not be written before cannot be now.
        with suppress(OSError):
            self.stream.close()


def _opened(path: str) -> TextIO:
    """The file at its end, made if it is not there; it is this user's alone."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise UsageError(
            f"{_VARIABLE}: {path} cannot be opened: {error.strerror}",
            "name a file of your own, in a folder that exists",
        ) from error
    status = os.fstat(descriptor)
    is_plain = stat.S_ISREG(status.st_mode) and status.st_nlink == 1
    if not is_plain or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        os.close(descriptor)
        raise UsageError(
            f"{_VARIABLE}: {path} is not a private file: expected a regular one of yours with mode 0600 and no other name",
            "name another file, or make this one private: chmod 600",
        )
    return open(descriptor, "a", encoding="utf-8", errors="backslashreplace")


_hooks: list[str] = []


def _listen() -> None:
    """Record from now on, as long as this process runs, each command that it starts, wherever that is done."""
    if not _hooks:
        sys.addaudithook(_on_event)
        _hooks.append("subprocess")


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen":
        _, command, folder, _ = arguments
        words = [command] if isinstance(command, str | bytes) else command
        # Word by word: behind a secret of unknown length, the rest of a text is masked.
        text = shlex.join(masked(os.fsdecode(word)) for word in words)
        console.detail(f"run{f' in {os.fsdecode(folder)}' if folder else ''}: {text}")
