"""Units of a reward's numbers: what may be written behind one, and how units multiply."""

from __future__ import annotations

import math

Unit = tuple[int, int, int, int]
"""Exponents of metre, radian, second and newton."""
ONE: Unit = (0, 0, 0, 0)
BASES = ("m", "rad", "s", "N")
UNITS: dict[str, tuple[float, Unit]] = {
    "m": (1.0, (1, 0, 0, 0)),
    "cm": (0.01, (1, 0, 0, 0)),
    "mm": (0.001, (1, 0, 0, 0)),
    "rad": (1.0, (0, 1, 0, 0)),
    "deg": (math.pi / 180, (0, 1, 0, 0)),
    "s": (1.0, (0, 0, 1, 0)),
    "N": (1.0, (0, 0, 0, 1)),
    "m/s": (1.0, (1, 0, -1, 0)),
    "cm/s": (0.01, (1, 0, -1, 0)),
    "rad/s": (1.0, (0, 1, -1, 0)),
    "deg/s": (math.pi / 180, (0, 1, -1, 0)),
}
"""What a number is multiplied with to be in SI units, and the unit that it then has."""


def unit_of(name: str) -> Unit:
    """The unit called ``name``; "" is none."""
    return UNITS[name][1] if name else ONE


def times(a: Unit, b: Unit, power: int = 1) -> Unit:
    """``a`` times ``b`` to the ``power``."""
    return (a[0] + power * b[0], a[1] + power * b[1], a[2] + power * b[2], a[3] + power * b[3])


def written(unit: Unit) -> str:
    """For messages: ``m``, ``m s^-1`` or ``no unit``."""
    parts = [base if n == 1 else f"{base}^{n}" for base, n in zip(BASES, unit, strict=True) if n]
    return " ".join(parts) or "no unit"
