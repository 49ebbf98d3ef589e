"""What the interpreter is trained with: ordinary programs in small, by one thread, that ask for no time and no chance.

train.py [ROUNDS]. What runs, and how often, is the same each time; nothing of it is printed or written.
"""

import array
import ast
import asyncio
import base64
import bisect
import collections
import configparser
import contextlib
import copy
import csv
import dataclasses
import datetime
import decimal
import difflib
import enum
import fractions
import functools
import hashlib
import heapq
import html.parser
import io
import itertools
import json
import marshal
import math
import operator
import pickle
import random
import re
import statistics
import string
import struct
import sys
import textwrap
import tokenize
import unicodedata
import weakref
import xml.etree.ElementTree as ElementTree
import zlib

WORDS = [f"{first}{second}{third}" for first in "bdfgklmnprst" for second in "aeiou" for third in ("n", "r", "ster", "ß", "é")]
TEXT = " ".join(itertools.islice(itertools.cycle(WORDS), 2000))


# Objects and calls.


class Vector:
    __slots__ = ("x", "y", "z")

    def __init__(self, x, y, z):
        self.x, self.y, self.z = x, y, z

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y, self.z + other.z)

    def __mul__(self, factor):
        return Vector(self.x * factor, self.y * factor, self.z * factor)

    @property
    def length(self):
        return math.sqrt(self.x**2 + self.y**2 + self.z**2)


class Body:
    def __init__(self, place, speed, mass):
        self.place, self.speed, self.mass = place, speed, mass

    def pull(self, other):
        apart = self.place + other.place * -1.0
        strength = 0.01 / (apart.length**3 + 0.001)
        self.speed = self.speed + apart * (-strength * other.mass)
        other.speed = other.speed + apart * (strength * self.mass)


def bodies():
    all_ = [Body(Vector(i * 1.5, i % 3, -i), Vector(0.0, i * 0.1, 0.0), 1.0 + i) for i in range(5)]
    for _ in range(60):
        for first, second in itertools.combinations(all_, 2):
            first.pull(second)
        for body in all_:
            body.place = body.place + body.speed * 0.01


class Task:
    def __init__(self, number, priority):
        self.number, self.priority, self.done, self.queue = number, priority, 0, []

    def __lt__(self, other):
        return (self.priority, self.number) < (other.priority, other.number)

    def step(self, scheduler):
        self.done += 1
        if self.queue:
            self.handle(scheduler, self.queue.pop(0))
        return self.done < 40

    def handle(self, scheduler, message):
        raise NotImplementedError


class Worker(Task):
    def handle(self, scheduler, message):
        scheduler.send((self.number + message) % len(scheduler.tasks), message + 1)


class Device(Task):
    def __init__(self, number, priority, *, delay=2):
        super().__init__(number, priority)
        self.delay = delay

    def handle(self, scheduler, message):
        if self.done % self.delay:
            scheduler.send(0, message)
        else:
            self.queue.append(message)


class Scheduler:
    def __init__(self):
        self.tasks = [Worker(0, 1), Device(1, 5), Worker(2, 3), Device(3, 2, delay=3), Worker(4, 4)]

    def send(self, number, message):
        self.tasks[number].queue.append(message)

    def run(self):
        ready = list(self.tasks)
        heapq.heapify(ready)
        for task in self.tasks:
            self.send(task.number, task.priority)
        while ready:
            task = heapq.heappop(ready)
            if task.step(self):
                task.priority += 3
                heapq.heappush(ready, task)


def scheduling():
    for _ in range(6):
        Scheduler().run()


@dataclasses.dataclass(order=True, frozen=True)
class Point:
    x: int
    y: int = 0
    tags: tuple = ()


class Colour(enum.Enum):
    RED = 1
    GREEN = 2
    BLUE = 3


class Power(enum.IntFlag):
    READ = 4
    WRITE = 2
    RUN = 1


Pair = collections.namedtuple("Pair", "left right")


class Described:
    def __set_name__(self, owner, name):
        self.name = f"_{name}"

    def __get__(self, instance, owner=None):
        return self if instance is None else getattr(instance, self.name, 0)

    def __set__(self, instance, value):
        if value < 0:
            raise ValueError(f"{self.name}: {value!r} is below zero")
        setattr(instance, self.name, value)


class Account:
    balance = Described()
    __match_args__ = ("balance",)

    def __getattr__(self, name):
        if name.startswith("has_"):
            return self.balance >= int(name[4:])
        raise AttributeError(name)

    def __getitem__(self, key):
        return self.balance + key

    def __len__(self):
        return self.balance

    def __contains__(self, key):
        return key <= self.balance

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return error[0] is ValueError


def kind(thing):
    match thing:
        case None | True | False:
            return "constant"
        case int() | float():
            return "number"
        case [first, *_] if first:
            return "list"
        case {"name": str(name), **rest}:
            return name + str(len(rest))
        case Account(balance):
            return balance
        case Pair(left=left):
            return left
        case _:
            return "other"


def objects():
    points = sorted(Point(i * 7 % 31, -i, ("a",) * (i % 3)) for i in range(120))
    assert hash(points[0]) and points[0] == dataclasses.replace(points[0])
    for i in range(150):
        colour, power = Colour(i % 3 + 1), Power(i % 8)
        if colour is Colour.RED and Power.READ in power:
            power |= Power.RUN
        account = Account()
        with account:
            account.balance = i % 20 - 2
        things = [None, i, 1.5, [i, 2], {"name": "x", "more": i}, account, Pair(i, colour), "text"]
        sum(len(str(kind(thing))) for thing in things)
        getattr(account, "has_5"), getattr(account, "missing", None), account[3], len(account), 4 in account
        isinstance(account, (int, Account)), issubclass(Device, Task), callable(account.__len__)
        with contextlib.suppress(AttributeError):
            account.missing
    graph = {"a": [1, {2: (3, {4, 5})}], "b": Pair([6], Vector(1, 2, 3))}
    for _ in range(12):
        copy.deepcopy(graph)
    held = weakref.WeakValueDictionary((i, Account()) for i in range(20))
    assert not held


def calls():
    def plain(a, b):
        return a + b

    def keywords(a, *, b=2, **rest):
        return a + b + len(rest)

    def many(*args):
        return len(args)

    @functools.lru_cache(maxsize=64)
    def cached(n):
        return n if n < 2 else cached(n - 1) + cached(n - 2)

    @contextlib.contextmanager
    def context(n):
        yield n + 1

    def fibonacci(n):
        return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

    fibonacci(15)
    add = functools.partial(plain, 1)
    total, arguments = 0, (1, 2, 3)
    for i in range(600):
        total += plain(i, 1) + add(i) + keywords(i, b=3) + keywords(i, c=1, d=2) + many(*arguments, i)
        total += keywords(**{"a": 1, "b": i}) + (lambda x, y=2: x * y)(i) + cached(i % 60)
        if i % 10 == 0:
            with context(i) as n:
                total += n
    functools.reduce(operator.add, map(operator.mul, range(300), range(300)))
    cached.cache_clear()


def failures():
    def deep(n):
        if n == 0:
            raise KeyError("deep")
        try:
            return deep(n - 1)
        finally:
            n += 1

    for i in range(100):
        try:
            deep(i % 8)
        except (ValueError, KeyError) as error:
            str(error)
        try:
            [1, 2][i + 5]
        except IndexError:
            pass
        try:
            try:
                int("x" * (i % 3))
            except ValueError as error:
                raise RuntimeError("again") from error
        except RuntimeError as error:
            error.__cause__.args
        try:
            raise ExceptionGroup("several", [ValueError(i), TypeError(i)])
        except* ValueError as group:
            group.exceptions
        except* TypeError:
            pass


def generators():
    def numbers(n):
        for i in range(n):
            received = yield i
            if received:
                yield received

    def chained(n):
        yield from numbers(n)
        yield from (i * i for i in range(n) if i % 3)

    for n in range(12, 30):
        sum(chained(n))
        generator = numbers(n)
        next(generator)
        generator.send(5)
        generator.close()
    queens(6)


def queens(size):
    columns = range(size)
    for order in itertools.permutations(columns):
        if size == len({order[i] + i for i in columns}) == len({order[i] - i for i in columns}):
            yield order


async def waiting(lock, queue, n):
    async with lock:
        await asyncio.sleep(0)
        await queue.put(n)
    async for item in several(n % 4):
        n += item
    return n


async def several(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i


async def gathering():
    lock, queue = asyncio.Lock(), asyncio.Queue()
    results = await asyncio.gather(*(waiting(lock, queue, n) for n in range(40)))
    while not queue.empty():
        queue.get_nowait()
    return results


def coroutines():
    loop = asyncio.new_event_loop()
    try:
        for _ in range(3):
            loop.run_until_complete(gathering())
    finally:
        loop.close()


# Numbers.


def whole_numbers():
    sieve = bytearray([1]) * 6000
    for i in range(2, 78):
        if sieve[i]:
            sieve[i * i :: i] = bytes(len(range(i * i, 6000, i)))
    total = 0
    for i in range(4000):
        total += (i * 31 ^ i >> 3) % 17 & 0xFF
        if i & 1 and total > 5 or not i % 7:
            total -= i // 3
        total = -total if total < -9 else abs(total)
    big = 3**400
    for i in range(80):
        big = (big * big + i) % (10**120 + 7)
        divmod(big, 10**30 + i), big >> 17, big.bit_length(), int(str(big)), f"{big:x}", pow(i + 2, 65537, 10**40 + 3)
        math.gcd(big, 360360), math.isqrt(big), int.from_bytes(big.to_bytes(60, "big"), "little")
    digits = pi_digits()
    "".join(str(next(digits)) for _ in range(40))


def pi_digits():
    q, r, t, k, n, x = 1, 0, 1, 1, 3, 3
    while True:
        if 4 * q + r - t < n * t:
            yield n
            q, r, n = 10 * q, 10 * (r - n * t), 10 * (3 * q + r) // t - 10 * n
        else:
            q, r, t, k, n, x = q * k, (2 * q + r) * x, t * x, k + 1, (q * (7 * k + 2) + r * x) // (t * x), x + 2


def real_numbers():
    row = [math.sin(i) * 1.5 for i in range(60)]
    matrix = [row[i:] + row[:i] for i in range(20)]
    [[sum(a * b for a, b in zip(left, right)) for right in matrix] for left in matrix]
    z = total = 0.0
    for i in range(3000):
        z = z * z % 2.0 - 0.75 + i * 1e-3
        total += z if z > 0.5 else -z / 3.0
    for i in range(200):
        float(repr(total + i)), f"{total:.3f} {i:>8.2e}", round(total, 2), int(total), complex(i, z) ** 2
        math.floor(z), math.hypot(z, i), math.exp(-i), math.log(i + 1), math.atan2(z, 1.0), math.fsum((z, i, 1e-9))
    statistics.mean(row), statistics.stdev(row), statistics.median(row)
    with decimal.localcontext(prec=40):
        value = decimal.Decimal(2)
        for i in range(1, 60):
            value = (value + decimal.Decimal(i) / 7).sqrt() * decimal.Decimal("1.01")
            str(value), value.quantize(decimal.Decimal("0.01"))
    sum((fractions.Fraction(1, i) for i in range(1, 40)), fractions.Fraction())


def chances():
    chance = random.Random(12345)
    values = [chance.random() for _ in range(400)]
    numbers = [chance.randrange(1000) for _ in range(400)]
    chance.shuffle(numbers), chance.sample(numbers, 20), chance.choice(values), chance.gauss(0.0, 1.0)
    for key in (None, lambda n: -n, lambda n: n % 10, str):
        sorted(numbers, key=key)
    sorted(values), sorted(WORDS), sorted(WORDS, key=len, reverse=True), sorted(zip(numbers, values))
    for number in numbers[:150]:
        bisect.insort(values, number / 1000)
    heapq.nlargest(10, numbers), heapq.nsmallest(10, values), list(heapq.merge(sorted(numbers), range(0, 1000, 7)))


# Containers.


def containers():
    counts = collections.Counter(TEXT)
    counts.most_common(5)
    groups = collections.defaultdict(list)
    for number, word in enumerate(WORDS):
        groups[word[0], len(word)].append(number)
    queue = collections.deque(maxlen=50)
    ordered = collections.OrderedDict()
    table = {}
    for i in range(1500):
        table[i * 7919 % 4001] = i
        queue.append(i)
        if i % 3 == 0:
            queue.popleft()
            ordered[i] = i
            ordered.move_to_end(i // 9 * 3, last=False) if i // 9 * 3 in ordered else None
        table.get(i), table.pop(i * 3, None), table.setdefault(i % 40, [])
    for key, value in sorted(table.items(), key=operator.itemgetter(0))[:400]:
        if key in counts or value in queue:
            del table[key]
    {**table, "more": 1} | {"x": 2}, {value: key for key, value in ordered.items()}, dict.fromkeys(WORDS)
    left, right = set(WORDS[:200]), {word for word in WORDS[100:] if "a" in word}
    left & right, left | right, left - right, left ^ right, left <= right, frozenset(left)
    numbers = list(range(500))
    numbers[10:20] = numbers[::50]
    numbers.reverse(), numbers.remove(77), numbers.insert(3, 4), numbers.extend(range(5)), numbers.index(90), numbers.pop(6)
    first, *middle, last = numbers
    [*middle, first, last] + [0] * 20, tuple(numbers) < tuple(middle), numbers == middle, any(numbers), all(numbers)
    max(numbers), min(numbers, key=abs), sum(numbers), [x for row in [numbers[i : i + 5] for i in range(50)] for x in row]
    list(itertools.accumulate(numbers)), list(itertools.product("abc", repeat=3)), list(itertools.groupby(numbers, bool))
    list(zip(numbers, middle)), list(filter(None, numbers)), list(enumerate(WORDS)), list(reversed(numbers)), list(itertools.chain(left))
    list(itertools.islice(itertools.count(), 100)), list(itertools.pairwise(numbers)), list(itertools.batched(numbers, 7))
    cycle = []
    for _ in range(200):
        cycle = [cycle, {"up": cycle}]


# Text and bytes.


def texts():
    words = TEXT.split()
    for word in words[:700]:
        word.upper(), word.title(), word.strip("nr"), word.replace("a", "ä"), word.startswith(("ba", "ko")), word.find("s")
        word[::-1], word[1:-1] + "!", word * 2, word in TEXT[:200], word.encode(), word.isalpha(), word.casefold(), hash(word + "x")
        f"{word:>12}|{len(word):04d}|{word!r}", "%s-%5.1f-%x" % (word, 1.5, 255), "{0} {name}".format(word, name=1), word.partition("e")
        word.center(20, "*").lstrip("*"), word.zfill(9), word.count("e"), word.split("a"), word < "m", word == "kan"
    "\n".join(words).splitlines(), TEXT.rsplit(" ", 5), TEXT.translate(str.maketrans("aeiou", "AEIOU")), TEXT.encode("utf-16").decode("utf-16")
    unicodedata.normalize("NFD", TEXT), unicodedata.name("ß"), TEXT.encode("latin-1").decode("latin-1"), ascii(TEXT[:300])
    string.Template("$one and ${two}").substitute(one=1, two=TEXT[:20]), textwrap.fill(TEXT[:1500], 60), textwrap.dedent("  a\n  b\n")
    list(difflib.unified_diff(words[:60], words[5:65])), difflib.get_close_matches("kanser", WORDS)


def patterns():
    for pattern in (r"\b[bdk]\w+er\b", r"(?P<first>[a-m]+)(ster|r)?\s", r"(\w)\w*?\1", r"n{1,2}(?=\s)", r"[^aeiou\s]+", "kan|ban|ster"):
        compiled = re.compile(pattern)
        compiled.findall(TEXT[:4000]), compiled.sub("-", TEXT[:4000]), compiled.search(TEXT[-500:])
        for match in itertools.islice(compiled.finditer(TEXT), 100):
            match.span(), match.groups()
    for i in range(6):
        re.compile(rf"^(\d{{{i + 1}}})-(?:[a-z]+|\d+)*(?P<x{i}>[A-Z_]\w*)?$", re.IGNORECASE).match("1234-abc")
    re.purge()
    re.split(r"\s+|,", TEXT[:2000]), re.fullmatch(r"([\w ]|ß)*", TEXT[:2000])


def binaries():
    data = TEXT.encode()
    packed = b"".join(struct.pack("<IhdB", i, -i, i / 3, i % 256) for i in range(200))
    list(struct.iter_unpack("<IhdB", packed)), array.array("d", range(300)).tobytes(), memoryview(data)[10:500:3].tolist()
    base64.b64decode(base64.b64encode(data)), data.hex(), bytes.fromhex(data[:200].hex()), base64.urlsafe_b64encode(data[:99])
    buffer = bytearray(data)
    buffer.extend(b"more"), buffer.replace(b"a", b"bb"), buffer.find(b"ster"), buffer.split(b" ", 50), data.translate(None, b"e")
    for algorithm in ("sha256", "sha1", "md5", "sha3_256", "blake2b"):
        hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
    zlib.decompress(zlib.compress(data)), zlib.crc32(data)
    stream = io.BytesIO(data * 2)
    reader = io.TextIOWrapper(io.BufferedReader(stream), encoding="utf-8", newline=None)
    sum(len(line) for line in reader), reader.seek(0), reader.read(100), reader.readline()
    output = io.StringIO()
    for i in range(200):
        print(i, "line", file=output, end="\n")
        output.write(TEXT[i : i + 20])
    output.getvalue()


# Formats.


def formats():
    record = {"name": "Ünï", "id": 12345, "tags": WORDS[:30], "nested": {"a": [1, 2.5, None, True], "b": {"c": "\n\"x\""}}}
    records = [{**record, "id": i} for i in range(25)]
    said = json.dumps(records)
    assert json.loads(said) == records
    json.dumps(records, indent=1, sort_keys=True, ensure_ascii=False), json.loads(json.dumps(list(range(500)) + [i / 7 for i in range(200)]))
    for protocol in (2, 4, 5):
        pickle.loads(pickle.dumps([*records, Point(1, 2), Colour.RED, Pair(1, (2,)), decimal.Decimal("1.5"), {1, 2}], protocol))
    # The C and the Python ways alike.
    pickle._loads(pickle._dumps(records[:3]))
    marshal.loads(marshal.dumps(records))
    table = io.StringIO()
    writer = csv.DictWriter(table, ["id", "name"], extrasaction="ignore")
    writer.writeheader(), writer.writerows(records)
    list(csv.reader(table.getvalue().splitlines()))
    root = ElementTree.Element("root", version="1")
    for i in range(40):
        child = ElementTree.SubElement(root, "item", id=str(i))
        child.text = WORDS[i]
    tree = ElementTree.fromstring(ElementTree.tostring(root))
    [item.get("id") for item in tree.iter("item")], tree.findall("item[@id='7']")
    html.parser.HTMLParser().feed("<p class=a>text &amp; <b>more</b><br/></p>" * 30)
    configparser.ConfigParser().read_string("[one]\na = 1\nb = %(a)s\n[two]\nc: x\n")
    start = datetime.datetime(2024, 2, 28, 12, 30, tzinfo=datetime.timezone.utc)
    for i in range(60):
        later = start + datetime.timedelta(hours=i * 5, minutes=i)
        datetime.datetime.fromisoformat(later.isoformat()), later.strftime("%Y-%m-%d %H:%M"), (later - start).total_seconds(), later.weekday()


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
    ast.unparse(tree), ast.dump(tree), sum(1 for _ in ast.walk(tree))
    code = compile(tree, "program", "exec")
    marshal.loads(marshal.dumps(code))
    compile(PROGRAM, "program", "exec", optimize=2)
    list(tokenize.generate_tokens(io.StringIO(PROGRAM).readline))
    for i in range(30):
        eval(f"({i} + x) * [1, 2, 3][{i % 3}] if x else None", {"x": i})
        exec("def f(a, b=1):\n    return a + b\ny = f(2)\n", {})
        type(f"Made{i}", (Account,), {"extra": i})().balance
    collections.namedtuple("Fresh", "a b c")(1, 2, 3)._replace(a=4)._asdict()
    dataclasses.make_dataclass("Another", ["a", ("b", int, 3)])(1)


WORKLOADS = (
    bodies, scheduling, objects, calls, failures, generators, coroutines, whole_numbers, real_numbers, chances, containers,
    texts, patterns, binaries, formats, programs,
)  # fmt: skip


def main(rounds):
    for _ in range(rounds):
        for workload in WORKLOADS:
            workload()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
