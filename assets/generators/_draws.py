"""Draws: what distinguishes one variant of a family from the next; the paints and woods there are to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from assets.generators._wood import Color
from pipeline.core.streams import stream

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Paint:
    """A colour by the name that an instruction calls it."""

    name: str
    color: Color


WHITE = Paint("white", (0.90, 0.90, 0.88))
CREAM = Paint("cream", (0.90, 0.84, 0.70))
BLACK = Paint("black", (0.11, 0.11, 0.12))
SILVER = Paint("silver", (0.68, 0.69, 0.71))
RED = Paint("red", (0.70, 0.12, 0.11))
BLUE = Paint("blue", (0.16, 0.31, 0.58))
MINT = Paint("mint", (0.56, 0.78, 0.70))
YELLOW = Paint("yellow", (0.92, 0.72, 0.16))
GREEN = Paint("green", (0.20, 0.48, 0.28))
PAINTS = (WHITE, CREAM, BLACK, SILVER, RED, BLUE, MINT)

WALNUT = Paint("walnut", (0.55, 0.37, 0.23))
OAK = Paint("oak", (0.72, 0.56, 0.38))
BEECH = Paint("beech", (0.80, 0.68, 0.50))
CHERRY = Paint("cherry", (0.58, 0.30, 0.19))
GREY_OAK = Paint("grey oak", (0.52, 0.50, 0.47))
WOODS = (WALNUT, OAK, BEECH, CHERRY, GREY_OAK)


class Draws:
    """The choices of one variant: the specimen's own when ``seed`` is None, else drawn in order from the seed's stream.

    A family asks for everything it varies through one of these, so its specimen and its variants share all code.
    """

    def __init__(self, family: str, seed: int | None) -> None:
        if seed is not None and seed < 0:
            raise ValueError(f"Seed {seed!r} of a {family!r} is negative; allowed are 0 and above.")
        self.family, self.seed = family, seed
        self._rng = None if seed is None else stream(seed, "assets", "generators", family)

    @property
    def name(self) -> str:
        """``microwave`` for the specimen, ``microwave_00017`` for a variant."""
        return self.family if self.seed is None else f"{self.family}_{self.seed:05d}"

    def size(self, specimen: float, low: float, high: float) -> float:
        """A length, angle or mass between the bounds, to the third digit."""
        return specimen if self._rng is None else round(float(self._rng.uniform(low, high)), 3)

    def pick(self, specimen: Choice, options: Sequence[Choice]) -> Choice:
        """One of the options."""
        return specimen if self._rng is None else options[int(self._rng.integers(len(options)))]

    def noun(self, paint: Paint, noun: str) -> str:
        """``microwave`` for the specimen, ``red microwave`` for a variant."""
        return noun if self.seed is None else f"{paint.name} {noun}"
