"""Containers, text and bytes."""

import array
import base64
import collections
import difflib
import hashlib
import io
import itertools
import operator
import re
import string
import struct
import textwrap
import unicodedata
import zlib

from training_common import TEXT, WORDS, use


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
            use(ordered.move_to_end(i // 9 * 3, last=False) if i // 9 * 3 in ordered else None)
        use(table.get(i), table.pop(i * 3, None), table.setdefault(i % 40, []))
    for key, value in sorted(table.items(), key=operator.itemgetter(0))[:400]:
        if key in counts or value in queue:
            del table[key]
    use({**table, "more": 1} | {"x": 2}, {value: key for key, value in ordered.items()}, dict.fromkeys(WORDS))
    left, right = set(WORDS[:200]), {word for word in WORDS[100:] if "a" in word}
    use(left & right, left | right, left - right, left ^ right, left <= right, frozenset(left))
    numbers = list(range(500))
    numbers[10:20] = numbers[::50]
    use(
        numbers.reverse(),
        numbers.remove(77),
        numbers.insert(3, 4),
        numbers.extend(range(5)),
        numbers.index(90),
        numbers.pop(6),
    )
    first, *middle, last = numbers
    use(
        [*middle, first, last] + [0] * 20,
        tuple(numbers) < tuple(middle),
        numbers == middle,
        any(numbers),
        all(numbers),
    )
    use(
        max(numbers),
        min(numbers, key=abs),
        sum(numbers),
        [x for row in [numbers[i : i + 5] for i in range(50)] for x in row],
    )
    use(
        list(itertools.accumulate(numbers)),
        list(itertools.product("abc", repeat=3)),
        list(itertools.groupby(numbers, bool)),
    )
    use(
        list(zip(numbers, middle)),
        list(filter(None, numbers)),
        list(enumerate(WORDS)),
        list(reversed(numbers)),
        list(itertools.chain(left)),
    )
    use(
        list(itertools.islice(itertools.count(), 100)),
        list(itertools.pairwise(numbers)),
    )
    cycle = []
    for _ in range(200):
        cycle = [cycle, {"up": cycle}]


def texts():
    words = TEXT.split()
    for word in words[:700]:
        use(
            word.upper(),
            word.title(),
            word.strip("nr"),
            word.replace("a", "ä"),
            word.startswith(("ba", "ko")),
            word.find("s"),
        )
        use(
            word[::-1],
            word[1:-1] + "!",
            word * 2,
            word in TEXT[:200],
            word.encode(),
            word.isalpha(),
            word.casefold(),
            hash(word + "x"),
        )
        use(
            f"{word:>12}|{len(word):04d}|{word!r}",
            "%s-%5.1f-%x" % (word, 1.5, 255),
            "{0} {name}".format(word, name=1),
            word.partition("e"),
        )
        use(
            word.center(20, "*").lstrip("*"),
            word.zfill(9),
            word.count("e"),
            word.split("a"),
            word < "m",
            word == "kan",
        )
    use(
        "\n".join(words).splitlines(),
        TEXT.rsplit(" ", 5),
        TEXT.translate(str.maketrans("aeiou", "AEIOU")),
        TEXT.encode("utf-16").decode("utf-16"),
    )
    use(
        unicodedata.normalize("NFD", TEXT),
        unicodedata.name("ß"),
        TEXT.encode("latin-1").decode("latin-1"),
        ascii(TEXT[:300]),
    )
    use(
        string.Template("$one and ${two}").substitute(one=1, two=TEXT[:20]),
        textwrap.fill(TEXT[:1500], 60),
        textwrap.dedent("  a\n  b\n"),
    )
    use(list(difflib.unified_diff(words[:60], words[5:65])), difflib.get_close_matches("kanser", WORDS))


def patterns():
    for pattern in (
        r"\b[bdk]\w+er\b",
        r"(?P<first>[a-m]+)(ster|r)?\s",
        r"(\w)\w*?\1",
        r"n{1,2}(?=\s)",
        r"[^aeiou\s]+",
        "kan|ban|ster",
    ):
        compiled = re.compile(pattern)
        use(compiled.findall(TEXT[:4000]), compiled.sub("-", TEXT[:4000]), compiled.search(TEXT[-500:]))
        for match in itertools.islice(compiled.finditer(TEXT), 100):
            use(match.span(), match.groups())
    for i in range(6):
        re.compile(rf"^(\d{{{i + 1}}})-(?:[a-z]+|\d+)*(?P<x{i}>[A-Z_]\w*)?$", re.IGNORECASE).match("1234-abc")
    re.purge()
    use(re.split(r"\s+|,", TEXT[:2000]), re.fullmatch(r"([\w ]|ß)*", TEXT[:2000]))


def binaries():
    data = TEXT.encode()
    packed = b"".join(struct.pack("<IhdB", i, -i, i / 3, i % 256) for i in range(200))
    use(
        list(struct.iter_unpack("<IhdB", packed)),
        array.array("d", range(300)).tobytes(),
        memoryview(data)[10:500:3].tolist(),
    )
    use(
        base64.b64decode(base64.b64encode(data)),
        data.hex(),
        bytes.fromhex(data[:200].hex()),
        base64.urlsafe_b64encode(data[:99]),
    )
    buffer = bytearray(data)
    use(
        buffer.extend(b"more"),
        buffer.replace(b"a", b"bb"),
        buffer.find(b"ster"),
        buffer.split(b" ", 50),
        data.translate(None, b"e"),
    )
    for algorithm in ("sha256", "sha1", "md5", "sha3_256", "blake2b"):
        hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
    use(zlib.decompress(zlib.compress(data)), zlib.crc32(data))
    stream = io.BytesIO(data * 2)
    reader = io.TextIOWrapper(io.BufferedReader(stream), encoding="utf-8", newline=None)
    use(sum(len(line) for line in reader), reader.seek(0), reader.read(100), reader.readline())
    output = io.StringIO()
    for i in range(200):
        print(i, "line", file=output, end="\n")
        output.write(TEXT[i : i + 20])
    output.getvalue()


WORKLOADS = (containers, texts, patterns, binaries)
