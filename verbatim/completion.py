"""Shell completion: Invoke's own script, for the program that is being typed: ``./invoke`` or ``invoke``."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import redirect_stdout

from invoke.completion.complete import print_completion_script

#: How each shell's script starts ``invoke``, and what starts the program that is being typed. Fish does so by itself.
_STARTS: Mapping[str, tuple[str, str]] = {
    "bash": ("`invoke --complete", "`${COMP_WORDS[0]} --complete"),
    "zsh": ("$(invoke ${=collection_arg}", "$(${words[1]}"),
    "fish": ("invoke --complete", "eval (commandline --tokenize)[1] --complete"),
}


def completion_script(shell: str) -> str:
    """The script for a shell to read; raises ParseError for a shell that Invoke does not know."""
    script = io.StringIO()
    with redirect_stdout(script):
        print_completion_script(shell=shell, names=["invoke"])
    former, start = _STARTS[shell]
    return script.getvalue().strip().replace(former, start)
