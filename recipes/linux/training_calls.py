"""Calls: of functions, of what raises, of what is suspended."""

import asyncio
import contextlib
import functools
import itertools
import operator

from training_common import use


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
            use([1, 2][i + 5])
        except IndexError:
            pass
        try:
            try:
                int("x" * (i % 3))
            except ValueError as error:
                raise RuntimeError("again") from error
        except RuntimeError as error:
            use(error.__cause__.args)
        try:
            raise ExceptionGroup("several", [ValueError(i), TypeError(i)])
        except* ValueError as group:
            use(group.exceptions)
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


WORKLOADS = (calls, failures, generators, coroutines)
