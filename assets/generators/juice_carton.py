"""juice_carton: a carton of orange juice."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._groceries import packet


def juice_carton() -> Draft:
    """A carton of 6 x 6 x 13 cm."""
    return packet(
        "juice_carton", "juice carton", (0.06, 0.06, 0.13), color=(0.95, 0.55, 0.12), label=(0.97, 0.95, 0.88),
        mass=0.4, category="food",
    )  # fmt: skip
