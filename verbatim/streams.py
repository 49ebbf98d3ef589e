"""What happens if standard output or standard error cannot be written to: a pipe that was closed, a full disk.

That must not end in the status of a verdict, and Python's own way out would be status 1 or 120.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TextIO, cast

from verbatim.errors import CapabilityError


class _Watched:
    """A standard stream that keeps why it could not be written to. In all else it is the stream itself."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.failure: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        with self._kept():
            return self.stream.write(text)

    def flush(self) -> None:
        with self._kept():
            self.stream.flush()

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = error
            raise


#: Standard output and standard error while `checked_streams` runs a block.
_watched: list[_Watched] = []


@contextmanager
def checked_streams() -> Iterator[None]:
    """Run the block, and check that all that it printed was written; if not, end the program.

    A closed pipe ends it as SIGPIPE ends others, quietly; anything else in one line, with the status of CapabilityError.
    """
    former = sys.stdout, sys.stderr
    _watched[:] = [_Watched(stream) for stream in former]
    sys.stdout, sys.stderr = (cast("TextIO", each) for each in _watched)
    try:
        yield
    except (OSError, SystemExit):
        if (failed := lost_stream()) is None:
            raise
    else:
        failed = lost_stream()
    finally:
        sys.stdout, sys.stderr = former
        _watched.clear()
    if failed is not None:
        _leave(failed)


def lost_stream() -> _Watched | None:
    """The standard stream that could not be written to; None if all was written."""
    for stream in _watched:
        with suppress(OSError):
            stream.flush()
        if stream.failure is not None:
            return stream
    return None


def _leave(failed: _Watched) -> NoReturn:
    error, is_output = failed.failure, failed.stream is sys.stdout
    # Python would flush it once more, and end with a status of its own.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, failed.fileno())
    os.close(nowhere)
    if isinstance(error, BrokenPipeError):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    what, other = ("output", sys.stderr) if is_output else ("error", sys.stdout)
    reason = error.strerror if error is not None else None
    try:
        other.write(
            f"error: standard {what} cannot be written to: {reason}; free some space, or send it elsewhere\n"
        )
        other.flush()
    except OSError:
        # Nothing can be said anywhere, and Python would try once more.
        os._exit(CapabilityError.status)
    sys.exit(CapabilityError.status)
