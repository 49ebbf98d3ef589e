"""How a function becomes a command: Invoke's task, with the frame for errors and the help of the shared options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from invoke.parser.argument import Argument
from invoke.parser.context import translate_underscores
from invoke.tasks import Task

from verbatim.cli.options import DEBUG, REDEFINED, SHARED
from verbatim.program import framed


class Command(Task[Callable[..., None]]):
    """One command. Its options are the parameters of its function; its docstring ends with an example."""

    def __init__(self, body: Callable[..., None], own: Mapping[str, str]) -> None:
        """``own`` has the help texts of its own options. Raises ValueError for an option with no text, or two."""
        parameters = inspect.signature(body).parameters
        repeatable = [
            name for name, parameter in parameters.items() if "Sequence" in str(parameter.annotation)
        ]
        super().__init__(framed(body), auto_shortflags=False, iterable=repeatable)
        _, *names = (translate_underscores(name) for name in parameters)
        #: The texts of the options that no other command has, or that mean something else here.
        self.own = {translate_underscores(name): text for name, text in own.items()}
        if twice := sorted(self.own.keys() & SHARED.keys() - REDEFINED):
            raise ValueError(f"{self.name}: {', '.join(twice)} is already described in the table")
        texts = {**SHARED, **self.own}
        if silent := [name for name in names if name not in texts]:
            raise ValueError(f"{self.name}: {', '.join(silent)} is described nowhere")
        self._texts = {name: text for name, text in texts.items() if name in names or name in self.own}

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        # Invoke takes each text out of this as it reads it, and would find none the second time.
        self.help: dict[str, Any] = dict(self._texts)
        everywhere = Argument(DEBUG, kind=bool, default=False, help=SHARED[DEBUG])
        return [*super().get_arguments(ignore_unknown_help), everywhere]


def command(**own: str) -> Callable[[Callable[..., None]], Command]:
    """Make a function a command; ``own`` has the texts of the options that only this command has."""
    return lambda body: Command(body, own)
