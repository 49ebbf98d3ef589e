"""Numbers: small, large, real, decimal, in disorder."""

import bisect
import decimal
import fractions
import heapq
import math
import random
import statistics

from training_common import WORDS, use


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
        use(
            divmod(big, 10**30 + i),
            big >> 17,
            big.bit_length(),
            int(str(big)),
            f"{big:x}",
            pow(i + 2, 65537, 10**40 + 3),
        )
        use(math.gcd(big, 360360), math.isqrt(big), int.from_bytes(big.to_bytes(60, "big"), "little"))
    digits = pi_digits()
    "".join(str(next(digits)) for _ in range(40))


def pi_digits():
    q, r, t, k, n, x = 1, 0, 1, 1, 3, 3
    while True:
        if 4 * q + r - t < n * t:
            yield n
            q, r, n = 10 * q, 10 * (r - n * t), 10 * (3 * q + r) // t - 10 * n
        else:
            q, r, t, k, n, x = (
                q * k,
                (2 * q + r) * x,
                t * x,
                k + 1,
                (q * (7 * k + 2) + r * x) // (t * x),
                x + 2,
            )


def real_numbers():
    row = [math.sin(i) * 1.5 for i in range(60)]
    matrix = [row[i:] + row[:i] for i in range(20)]
    use([[sum(a * b for a, b in zip(left, right)) for right in matrix] for left in matrix])
    z = total = 0.0
    for i in range(3000):
        z = z * z % 2.0 - 0.75 + i * 1e-3
        total += z if z > 0.5 else -z / 3.0
    for i in range(200):
        use(float(repr(total + i)), f"{total:.3f} {i:>8.2e}", round(total, 2), int(total), complex(i, z) ** 2)
        use(
            math.floor(z),
            math.hypot(z, i),
            math.exp(-i),
            math.log(i + 1),
            math.atan2(z, 1.0),
            math.fsum((z, i, 1e-9)),
        )
    use(statistics.mean(row), statistics.stdev(row), statistics.median(row))
    with decimal.localcontext(prec=40):
        value = decimal.Decimal(2)
        for i in range(1, 60):
            value = (value + decimal.Decimal(i) / 7).sqrt() * decimal.Decimal("1.01")
            use(str(value), value.quantize(decimal.Decimal("0.01")))
    sum((fractions.Fraction(1, i) for i in range(1, 40)), fractions.Fraction())


def chances():
    chance = random.Random(12345)
    values = [chance.random() for _ in range(400)]
    numbers = [chance.randrange(1000) for _ in range(400)]
    use(chance.shuffle(numbers), chance.sample(numbers, 20), chance.choice(values), chance.gauss(0.0, 1.0))
    for key in (None, lambda n: -n, lambda n: n % 10, str):
        sorted(numbers, key=key)
    use(sorted(values), sorted(WORDS), sorted(WORDS, key=len, reverse=True), sorted(zip(numbers, values)))
    for number in numbers[:150]:
        bisect.insort(values, number / 1000)
    use(
        heapq.nlargest(10, numbers),
        heapq.nsmallest(10, values),
        list(heapq.merge(sorted(numbers), range(0, 1000, 7))),
    )


WORKLOADS = (whole_numbers, real_numbers, chances)
