"""Distributions: typed, bounded, drawn from a named stream, and nothing else that randomisation may draw from."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from pipeline.core.geometry import Frozen, Vec3


class Uniform(Frozen):
    """Evenly between two values; equal values are a constant."""

    kind: Literal["uniform"] = "uniform"
    low: float
    high: float

    @model_validator(mode="after")
    def _in_order(self) -> Uniform:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self

    def draw(self, stream: np.random.Generator) -> float:
        """One value, six digits after the point so that a record reads well and repeats exactly."""
        return round(float(stream.uniform(self.low, self.high)), 6)


class Factor(Frozen):
    """A factor between ``1 / most`` and ``most``, as likely to double as to halve."""

    kind: Literal["factor"] = "factor"
    most: float = Field(ge=1)

    def draw(self, stream: np.random.Generator) -> float:
        """One factor, six digits after the point."""
        bound = np.log(self.most)
        return round(float(np.exp(stream.uniform(-bound, bound))), 6)


class Count(Frozen):
    """A whole number between two, both included."""

    kind: Literal["count"] = "count"
    low: int = Field(ge=0)
    high: int = Field(ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Count:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self

    def draw(self, stream: np.random.Generator) -> int:
        """One number."""
        return int(stream.integers(self.low, self.high + 1))


class Ball(Frozen):
    """A vector evenly spread in a ball: a shift [m] or a rotation vector [rad] of at most ``radius``."""

    kind: Literal["ball"] = "ball"
    radius: float = Field(ge=0)

    def draw(self, stream: np.random.Generator) -> Vec3:
        """One vector, six digits after the point."""
        direction = stream.normal(size=3)
        length = self.radius * stream.random() ** (1 / 3)
        x, y, z = np.round(direction / np.linalg.norm(direction) * length, 6).tolist()
        return (x, y, z)


Distribution = Annotated[Uniform | Factor | Count | Ball, Field(discriminator="kind")]
ONE = Factor(most=1.0)
NONE = Count(low=0, high=0)
STILL = Ball(radius=0.0)


def draw_tint(spread: float, stream: np.random.Generator, *, keep_hue: bool) -> Vec3:
    """Factors of red, green and blue within ``1 +- spread``; the same for all three where the hue has to stay."""
    if keep_hue:
        shade = round(float(stream.uniform(1 - spread, 1 + spread)), 6)
        return (shade, shade, shade)
    red, green, blue = np.round(stream.uniform(1 - spread, 1 + spread, 3), 6).tolist()
    return (red, green, blue)
