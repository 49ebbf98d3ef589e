"""What surrounds every command: errors in one line, exit statuses, interrupts."""

from __future__ import annotations

import functools
import logging
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from typing import Any

from invoke.exceptions import Exit, ParseError
from invoke.loader import FilesystemLoader
from invoke.program import Program
from invoke.terminals import pty_size
from invoke.util import helpline

from verbatim import __version__, console
from verbatim.addresses import masked
from verbatim.completion import completion_script
from verbatim.errors import UsageError, VerbatimError
from verbatim.log import recording
from verbatim.overview import EXAMPLES, grouped
from verbatim.paths import PROJECT
from verbatim.streams import checked_streams, lost_stream
from verbatim.system_errors import as_verbatim_error
from verbatim.task_help import option_rows, text_lines, usage_line
from verbatim.usage import (
    FILE,
    empty_option,
    explained,
    in_invokes_order,
    is_completion,
    is_file_missing,
    repeated,
)

#: As in shells: 128 and the signal's number.
INTERRUPTED = 128 + signal.SIGINT

#: How a shell asks how a command line may go on; the line follows, with the name of the program.
_COMPLETE = ("invoke", "--complete", "--")

#: Invoke's own logger, which its ``--debug``, before the name of a command, turns on.
_INVOKE = logging.getLogger("invoke")


class OwnTasks(FilesystemLoader):
    """Finds this project's own tasks, whatever ``tasks.py`` the current folder has."""

    @property
    def start(self) -> str:
        return str(PROJECT)


class VerbatimProgram(Program):
    """Invoke with another exit status for wrong usage: Invoke's own is 1, as for a mismatch."""

    @property
    def binary_names(self) -> list[str]:
        """The name that a shell completes; of a line that is to be completed, the one that it begins with."""
        if is_completion(self.argv) and len(self.argv) > len(_COMPLETE):
            return [re.escape(self.argv[len(_COMPLETE)])]
        return [self.binary]

    def run(self, argv: list[str] | None = None, exit: bool = True) -> None:  # noqa: A002 - its name in the base class
        with checked_streams():
            super().run(argv, exit)

    def parse_core(self, argv: list[str] | None) -> None:
        arguments = in_invokes_order(sys.argv if argv is None else argv)
        self._given = arguments
        twice = repeated(arguments)
        if twice is not None:
            raise _wrong_use(ParseError(f"{twice} appears twice"), ())
        if is_file_missing(arguments):
            raise _wrong_use(ParseError(f"{FILE} needs a value"), ())
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
        if shell := self.args["print-completion-script"].value:
            console.result_lines(completion_script(shell))
            raise Exit

    def parse_tasks(self) -> None:
        try:
            super().parse_tasks()
        except (ParseError, ValueError) as error:
            raise _wrong_use(error, self.collection.task_names, self._given) from error
        if (empty := empty_option(self.tasks)) is not None:
            raise _wrong_use(ParseError(f"{empty} is empty; give it a value, or leave it out"), ())

    def parse_cleanup(self) -> None:
        try:
            super().parse_cleanup()
        except ParseError as error:
            raise _wrong_use(error, self.collection.task_names) from error
        except ValueError:
            # A quotation mark that is not closed yet.
            if not is_completion(self.argv):
                raise
            raise Exit from None

    def no_tasks_given(self) -> None:
        self._show_overview()
        raise Exit

    def print_help(self) -> None:
        """The overview, and the options of Invoke itself."""
        if not hasattr(self, "collection"):
            self.load_collection()
        self._show_overview()
        console.result("")
        console.result("Options before a command's name, which are Invoke's own:")
        self.print_columns(self.initial_context.help_tuples())

    def print_task_help(self, name: str) -> None:
        context = self.parser.contexts[name]
        lines = text_lines(str(self.collection[name].__doc__), pty_size()[0] - 1)
        for line in (f"Usage: {usage_line(context)}", "", *lines, "", "Options:"):
            console.result(line)
        self.print_columns(list(option_rows(context)))

    def _show_overview(self) -> None:
        console.result("Usage: ./invoke COMMAND [OPTIONS]")
        console.result("")
        for role, commands in grouped(
            {name: helpline(task) or "" for name, task in self.collection.tasks.items()}
        ):
            console.result(role)
            self.print_columns(commands)
        console.result("Examples")
        self.print_columns(list(EXAMPLES.items()))
        console.result("./invoke COMMAND --help explains a command.")


def _wrong_use(error: Exception, commands: Collection[str], arguments: Sequence[str] = ()) -> Exit:
    text = masked(explained(error, commands, arguments))
    console.error(
        f"{text}{' ' if text.endswith('?') else '; '}see ./invoke --list and ./invoke COMMAND --help"
    )
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
                if lost_stream() is not None:
                    raise
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
