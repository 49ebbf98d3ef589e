"""Code of another Python in lines that can be compared."""

from __future__ import annotations

from things import Thing, bare, name_of


def listing(code: Thing) -> list[str]:
    """All that code is, in lines, and all code in it, each once."""
    lines: list[str] = []
    seen: set[tuple[bytes, str]] = set()
    left = [code]
    while left:
        each = left.pop()
        told = (each.digest, each.fields["filename"].text)
        if told in seen:
            continue
        seen.add(told)
        # As bytecode.py tells it of Python's own.
        lines.append(
            f"{name_of(each.fields)}, line {each.fields['firstlineno'].text} of {bare(each.fields['filename'])}"
        )
        for name, thing in each.fields.items():
            if name not in ("filename", "firstlineno"):
                lines += [f"  {name}: {line}" for line in _told(thing)]
        left += [item for item in reversed(each.fields["consts"].items) if item.type == "code"]
    return lines


def _told(thing: Thing) -> list[str]:
    if thing.type == "bytes":
        return [thing.text[at : at + 64] for at in range(0, len(thing.text), 64)]
    if thing.type != "tuple":
        return [thing.text]
    # What is deeper is told by its digest.
    return [item.text if not item.items else f"{item.text}, {item.digest.hex()}" for item in thing.items]
