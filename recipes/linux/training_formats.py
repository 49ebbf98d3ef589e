"""What is written to be read again: JSON, pickles, XML, dates, and programs."""

import ast
import collections
import configparser
import csv
import dataclasses
import datetime
import decimal
import html.parser
import io
import json
import marshal
import pickle
import tokenize
from xml.etree import ElementTree

from training_classes import Account, Colour, Pair, Point
from training_common import WORDS, use


def formats():
    record = {
        "name": "Ünï",
        "id": 12345,
        "tags": WORDS[:30],
        "nested": {"a": [1, 2.5, None, True], "b": {"c": '\n"x"'}},
    }
    records = [{**record, "id": i} for i in range(25)]
    said = json.dumps(records)
    assert json.loads(said) == records
    use(
        json.dumps(records, indent=1, sort_keys=True, ensure_ascii=False),
        json.loads(json.dumps(list(range(500)) + [i / 7 for i in range(200)])),
    )
    for protocol in (2, 4, 5):
        pickle.loads(
            pickle.dumps(
                [*records, Point(1, 2), Colour.RED, Pair(1, (2,)), decimal.Decimal("1.5"), {1, 2}], protocol
            )
        )
    # The C and the Python ways alike.
    pickle._loads(pickle._dumps(records[:3]))
    marshal.loads(marshal.dumps(records))
    table = io.StringIO()
    writer = csv.DictWriter(table, ["id", "name"], extrasaction="ignore")
    use(writer.writeheader(), writer.writerows(records))
    list(csv.reader(table.getvalue().splitlines()))
    root = ElementTree.Element("root", version="1")
    for i in range(40):
        child = ElementTree.SubElement(root, "item", id=str(i))
        child.text = WORDS[i]
    tree = ElementTree.fromstring(ElementTree.tostring(root))
    use([item.get("id") for item in tree.iter("item")], tree.findall("item[@id='7']"))
    html.parser.HTMLParser().feed("<p class=a>text &amp; <b>more</b><br/></p>" * 30)
    configparser.ConfigParser().read_string("[one]\na = 1\nb = %(a)s\n[two]\nc: x\n")
    start = datetime.datetime(2024, 2, 28, 12, 30, tzinfo=datetime.timezone.utc)
    for i in range(60):
        later = start + datetime.timedelta(hours=i * 5, minutes=i)
        use(
            datetime.datetime.fromisoformat(later.isoformat()),
            later.strftime("%Y-%m-%d %H:%M"),
            (later - start).total_seconds(),
            later.weekday(),
        )


PROGRAM = '''
"""A module."""
import os.path as path

class Shape(object, metaclass=type):
    sides: int = 0

    def area(self, *, scale: float = 1.0) -> float:
        try:
            return sum(side ** 2 * scale for side in self.edges if side > 0)
        except (TypeError, ValueError) as error:
            raise RuntimeError(f"{self!r}: {error}") from error

async def main(*names, **options):
    async with options["lock"] as lock:
        return [await name async for name in names if name]

def choose(n):
    match n:
        case {"a": [x, *y]} if x:
            return lambda z=x: (z, *y)
    while n:
        n -= 1
        if n == 5: continue
        elif n == 3: break
    else:
        n = (m := 5) + m
    return {n: [i for i in range(n)], **{}}, n if n else not n
'''


def programs():
    tree = ast.parse(PROGRAM * 2)
    use(ast.unparse(tree), ast.dump(tree), sum(1 for _ in ast.walk(tree)))
    code = compile(tree, "program", "exec")
    marshal.loads(marshal.dumps(code))
    compile(PROGRAM, "program", "exec", optimize=2)
    list(tokenize.generate_tokens(io.StringIO(PROGRAM).readline))
    for i in range(30):
        eval(f"({i} + x) * [1, 2, 3][{i % 3}] if x else None", {"x": i})
        exec("def f(a, b=1):\n    return a + b\ny = f(2)\n", {})
        use(type(f"Made{i}", (Account,), {"extra": i})().balance)
    collections.namedtuple("Fresh", "a b c")(1, 2, 3)._replace(a=4)._asdict()
    dataclasses.make_dataclass("Another", ["a", ("b", int, 3)])(1)


WORKLOADS = (formats, programs)
