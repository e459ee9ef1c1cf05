"""Chance that falls the same way on every machine.

Everything random in the sample data goes through `Dice`. Each person, and each side of a person's life, throws dice of
their own, seeded by name, so that a change to how one thing is generated leaves all the others as they were.
"""

import math
import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

SEED = "acme_shop"

T = TypeVar("T")


class Dice:
    """Random choices that depend on the names they are seeded with, and on nothing else.

    Only `random.random()` is drawn from: of the standard generator's methods it alone is promised to give the same
    numbers in every version of Python.
    """

    def __init__(self, *names: object) -> None:
        self._random = random.Random(":".join(str(name) for name in (SEED, *names)))

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return self._random.random()

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.fraction() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.fraction() * (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`, each as likely as the others."""
        return choices[int(self.fraction() * len(choices))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """One of the keys, as likely as its weight says."""
        point = self.fraction() * sum(weights.values())
        for choice, weight in weights.items():
            point -= weight
            if point < 0:
                return choice
        return choice

    def heavy_tail(self, most: float) -> float:
        """A factor with half its draws below 0.71 and a mean near 1, of which a few come near `most`."""
        return min(most, 0.5 / math.sqrt(1 - self.fraction()))

    def digits(self, length: int) -> str:
        """Hexadecimal digits, as an id has them."""
        return "".join(self.pick("0123456789abcdef") for _ in range(length))
