"""The log, for debugging: the commands that were run, what was printed, and tracebacks.

``--debug`` shows it on the screen; ``VERBATIM_LOG`` names a file that it is appended to.
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
#: A shorter value occurs in ordinary words.
_SHORTEST_SECRET = 4
_MASK = "…"


@contextmanager
def recording(*, shown: bool) -> Iterator[None]:
    """Append to the file that ``VERBATIM_LOG`` names while the block runs; if ``shown``, also print the details.

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
    """The text without secrets, as it goes into the log or is shown by ``--debug``.

    It masks secrets in addresses, in arguments that may be addresses, and the values of environment variables with names like those of secrets.
    It masks too much rather than too little.
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
    """Formats records without control characters and secrets; their further lines begin with ``indent``."""

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
    """Shows the details, which are not printed otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(_Lines("%(message)s", ""))

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.DEBUG:
            console.show_detail(self.format(record))


class _File(logging.StreamHandler[TextIO]):
    """Appends to the log's file."""

    def __init__(self, file: TextIO) -> None:
        super().__init__(file)
        # Indented, so that no text can pass for a record.
        self.setFormatter(_Lines("%(asctime)s %(process)d %(levelname)s %(message)s", "    "))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - its name in the base class
        """Continue without a log: a full disk must not end the command."""
        LOGGER.removeHandler(self)
        console.warn(f"{_VARIABLE} cannot be written: {sys.exception()}")

    def close(self) -> None:
        super().close()
        # What could not be written before cannot be now.
        with suppress(OSError):
            self.stream.close()


def _opened(path: str) -> TextIO:
    """Open the file to append, and create it if it is missing; it must be private to this user."""
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
            f"{_VARIABLE}: {path} is not a private file: expected a regular file of yours with mode 0600 and no hard links",
            "name another file, or make this one private: chmod 600",
        )
    return open(descriptor, "a", encoding="utf-8", errors="backslashreplace")


_hooks: list[str] = []


def _listen() -> None:
    """From now on, record each command that this process starts."""
    if not _hooks:
        sys.addaudithook(_on_event)
        _hooks.append("subprocess")


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen":
        _, command, folder, _ = arguments
        words = [command] if isinstance(command, str | bytes) else command
        # Word by word: after a secret of unknown length, the rest of a text is masked.
        text = shlex.join(masked(os.fsdecode(word)) for word in words)
        console.detail(f"run{f' in {os.fsdecode(folder)}' if folder else ''}: {text}")
