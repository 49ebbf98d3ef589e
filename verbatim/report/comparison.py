"""What a comparison came to, as lines or as JSON."""

from __future__ import annotations

from verbatim import console
from verbatim.compare.comparison import Comparison, File, some
from verbatim.explain.explanation import Explanation
from verbatim.commands.compare import Compared, Pair


def show_compared(compared: Compared, *, as_json: bool) -> None:
    """Print a verdict for each artifact."""
    if as_json:
        console.result_json({"artifacts": [pair_as_json(pair) for pair in compared.pairs]})
        return
    for pair in compared.pairs:
        show_pair(pair)


def show_pair(pair: Pair) -> None:
    """Print one artifact's verdict, and what else it was held against if that has another name."""
    others = [file.name for file in (pair.first, pair.second) if file and file.name != pair.name]
    console.result(" beside ".join([pair.name, *others]))
    console.result(f"  {pair.text}")
    if pair.explanation is not None:
        _show_explanation(pair.explanation)


def _show_explanation(explanation: Explanation) -> None:
    if explanation.causes:
        console.result("  likely causes")
    for cause, places in explanation.causes.items():
        console.result(f"    {cause.name}: {some(place or 'the artifact itself' for place in places)}")
    if explanation.unseen:
        console.result(f"  not wholly explained: {explanation.unseen}")


def pair_as_json(pair: Pair) -> dict[str, object]:
    """One artifact for a program to read; what was added is only in the second."""
    comparison = pair.comparison or Comparison(pair.judgement)
    return {
        "name": pair.name,
        "verdict": pair.judgement,
        "explanation": pair.text,
        "stabilizers": list(comparison.stabilizers),
        "added": list(comparison.added),
        "removed": list(comparison.removed),
        "changed": {change.name: change.what for change in comparison.changed},
        "first": _file(pair.first),
        "second": _file(pair.second),
        "explained": _explained(pair.explanation),
    }


def _explained(explanation: Explanation | None) -> object:
    if explanation is None:
        return None
    return {
        "causes": [
            {"name": cause.name, "kind": cause.kind.value, "places": places}
            for cause, places in explanation.causes.items()
        ],
        "unseen": explanation.unseen or None,
    }


def _file(file: File | None) -> object:
    return {"name": file.name, "sha256": file.sha256} if file is not None else None
