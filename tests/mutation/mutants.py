"""The mutants of a module: its code with one thing altered.

The operators are those of mutmut (https://github.com/boxed/mutmut). It would apply them to plain functions only; here they are
applied to context managers, methods of classes, and constants as well, since these say how a release is checked, and how files
are opened. Three are added: what is left out is a statement, a refusal, or an argument that is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, WhitespaceInclusivePositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal, operator_assignment

from verbatim.paths import PROJECT

PACKAGE = PROJECT / "signing" / "verbatim_sign"
#: Those that no test notices, and why they may be.
LIST = PROJECT / "tests" / "mutation" / "survivors.toml"

#: What is said to people is not altered, since tests look for the words in it that matter: all of it in calls of these,
_SAID = ("Error", "refused", "_unfit", "say")
#: and in those of `Shape`, whose second argument says where in a document something is.
_PLACED = ("table", "named", "items", "text")
#: What is not altered either: types, and what would only fail to be imported.
_LEFT_ALONE = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom)

Operator = Callable[[Any], Iterable[cst.CSTNode]]


def _leave_out(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.Raise) or (isinstance(node, cst.Expr) and isinstance(node.value, cst.Call)):
        yield cst.Pass()


def _leave_out_named(call: cst.Call) -> Iterator[cst.CSTNode]:
    for number, argument in enumerate(call.args):
        if argument.keyword:
            yield call.with_changes(args=[*call.args[:number], *call.args[number + 1 :]])


#: Where mutmut has an argument or a value become None, or be missing, the type checker notices, and nothing is to be tried.
_OF_MUTMUT = tuple(
    (kind, operator)
    for kind, operator in mutation_operators
    if operator not in (operator_arg_removal, operator_assignment)
)
_OPERATORS: tuple[tuple[type, Operator], ...] = (
    *_OF_MUTMUT,
    (cst.Call, _leave_out_named),
    (cst.BaseSmallStatement, _leave_out),
)


@dataclass(frozen=True)
class Mutant:
    """A module of ``verbatim_sign`` that is not quite what it was."""

    module: str
    #: Where, what was there, and what is there now; no two are called the same.
    name: str
    #: The lines of the original that were altered, the first and the last.
    lines: tuple[int, int]
    code: str

    @property
    def place(self) -> str:
        """The function or the method, or the module itself."""
        return self.name.partition(": ")[0]


def module_of(name: str) -> str:
    """The module of the mutant that is called so."""
    return name.partition(":")[0].partition(".")[0]


def mutants_of(module: str) -> list[Mutant]:
    """All of a module's, in the order of its lines."""
    text = (PACKAGE / f"{module}.py").read_text(encoding="utf-8")
    altered = _Altered()
    wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    wrapper.visit(altered)
    found: list[Mutant] = []
    count: Counter[str] = Counter()
    for place, position, code in altered.found:
        changed = _spliced(text, position, code)
        if changed == text or not _is_python(changed):
            continue
        name = f"{'.'.join((module, *place))}: {' => '.join(_difference(text, changed))}"
        count[name] += 1
        name += f" ({count[name]})" if count[name] > 1 else ""
        found.append(Mutant(module, name, (position.start.line, position.end.line), changed))
    return sorted(found, key=lambda mutant: mutant.lines)


class _Altered(cst.CSTVisitor):
    """Goes through a module, and collects where something could be put in the place of something else."""

    METADATA_DEPENDENCIES = (WhitespaceInclusivePositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[tuple[str, ...], CodeRange, str]] = []
        self._place: list[str] = []
        self._said: set[cst.CSTNode] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            self._place.append(node.name.value)
        if isinstance(node, _LEFT_ALONE) or node in self._said or _is_called(node, _SAID):
            return False
        if isinstance(node, cst.Call) and _is_called(node, _PLACED):
            self._said.update(node.args[1:2])
        position = self.get_metadata(WhitespaceInclusivePositionProvider, node, None)
        for kind, operator in _OPERATORS:
            if isinstance(node, kind) and isinstance(position, CodeRange):
                for other in operator(node):
                    self.found.append((tuple(self._place), position, cst.Module([]).code_for_node(other)))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, (cst.FunctionDef, cst.ClassDef)):
            self._place.pop()


def _is_called(node: cst.CSTNode, names: tuple[str, ...]) -> bool:
    if not isinstance(node, cst.Call):
        return False
    called = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
    return isinstance(called, cst.Name) and called.value.endswith(names)


def _spliced(text: str, position: CodeRange, code: str) -> str:
    lines = text.splitlines(keepends=True)
    start, end = (sum(map(len, lines[: at.line - 1])) + at.column for at in (position.start, position.end))
    return text[:start] + code + text[end:]


def _is_python(code: str) -> bool:
    try:
        compile(code, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _difference(before: str, after: str) -> tuple[str, str]:
    """The lines that differ, each way, as one."""
    old, new = before.splitlines(), after.splitlines()
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return " ".join(" ".join(old).split()), " ".join(" ".join(new).split())
