"""Classes and their instances: plain, with slots, with special methods, of the standard library."""

import collections
import contextlib
import copy
import dataclasses
import enum
import heapq
import itertools
import math
import weakref

from training_common import use


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
        use(
            getattr(account, "has_5"),
            getattr(account, "missing", None),
            account[3],
            len(account),
            4 in account,
        )
        use(isinstance(account, (int, Account)), issubclass(Device, Task), callable(account.__len__))
        with contextlib.suppress(AttributeError):
            use(account.missing)
    graph = {"a": [1, {2: (3, {4, 5})}], "b": Pair([6], Vector(1, 2, 3))}
    for _ in range(12):
        copy.deepcopy(graph)
    held = weakref.WeakValueDictionary((i, Account()) for i in range(20))
    assert not held


WORKLOADS = (bodies, scheduling, objects)
