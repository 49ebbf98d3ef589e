"""What surrounds every command: errors in one line, exit statuses, interrupts."""

from __future__ import annotations

import functools
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Collection
from contextlib import ExitStack
from typing import Any

from invoke.exceptions import Exit, ParseError
from invoke.loader import FilesystemLoader
from invoke.program import Program

from verbatim import __version__, console
from verbatim.addresses import masked
from verbatim.errors import UsageError, VerbatimError
from verbatim.log import recording
from verbatim.paths import PROJECT
from verbatim.system_errors import as_verbatim_error
from verbatim.usage import explained, in_invokes_order, repeated

#: As in shells: 128 and the signal's number.
INTERRUPTED = 128 + signal.SIGINT

#: Invoke's own logger, which its ``--debug``, before the name of a command, turns on.
_INVOKE = logging.getLogger("invoke")


class OwnTasks(FilesystemLoader):
    """Finds this project's own tasks, whatever ``tasks.py`` the current folder has."""

    @property
    def start(self) -> str:
        return str(PROJECT)


class VerbatimProgram(Program):
    """Invoke with another exit status for wrong usage: Invoke's own is 1, as for a mismatch."""

    def parse_core(self, argv: list[str] | None) -> None:
        arguments = in_invokes_order(sys.argv if argv is None else argv)
        twice = repeated(arguments)
        if twice is not None:
            raise _wrong_use(ParseError(f"{twice} appears twice"), ())
        try:
            super().parse_core(arguments)
        except ParseError as error:
            raise _wrong_use(error, ()) from error

    def parse_core_args(self) -> None:
        super().parse_core_args()
        asked = self.args["debug"]
        _INVOKE.setLevel(logging.DEBUG if asked.value else logging.NOTSET)
        # Invoke would also show the steps of its parser, which does not help here.
        asked.value = False

    def parse_tasks(self) -> None:
        try:
            super().parse_tasks()
        except (ParseError, ValueError) as error:
            raise _wrong_use(error, self.collection.task_names) from error


def _wrong_use(error: Exception, commands: Collection[str]) -> Exit:
    text = masked(explained(error, commands))
    console.error(f"{text}{' ' if text.endswith('?') else '; '}see ./invoke --list and ./invoke --help TASK")
    return Exit(code=UsageError.status)


def framed(body: Callable[..., None]) -> Callable[..., None]:
    """Run a command's body; expected errors end in one line and an exit status.

    With ``debug``, the commands that it runs and tracebacks are shown. A bug in Verbatim is
    raised unchanged.
    """

    @functools.wraps(body)
    def run(*arguments: Any, debug: bool = False, **named: Any) -> None:
        # SIGTERM cleans up as an interrupt does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with ExitStack() as recorded:
            try:
                recorded.enter_context(recording(shown=debug or _INVOKE.isEnabledFor(logging.DEBUG)))
                body(*arguments, **named)
            except VerbatimError as error:
                raise _refused(error, error) from error
            except OSError as error:
                refusal = as_verbatim_error(error, named.values())
                if refusal is None:
                    _record_bug(error)
                    raise
                raise _refused(refusal, error) from error
            except KeyboardInterrupt as interrupt:
                console.detail(_traceback(interrupt))
                console.error("interrupted; nothing was left behind")
                sys.stdout.flush()
                # Without waiting for downloads that are under way in other threads.
                os._exit(INTERRUPTED)
            except Exit:
                # Whatever raised it has printed the reason.
                raise
            except Exception as error:
                _record_bug(error)
                raise

    return run


def _refused(refusal: VerbatimError, cause: Exception) -> Exit:
    """Print why the command failed; record the traceback."""
    console.detail(_traceback(cause))
    console.error(str(refusal))
    return Exit(code=refusal.status)


def _record_bug(error: Exception) -> None:
    """Write to the log the traceback that Python prints."""
    console.LOGGER.critical("a bug in Verbatim: %s", _traceback(error))


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).rstrip()


program = VerbatimProgram(name="Verbatim", binary="invoke", version=__version__, loader_class=OwnTasks)
