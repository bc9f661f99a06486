"""cheese_box: a small flat box of cream cheese."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._groceries import packet


def cheese_box() -> Draft:
    """A box of 6.5 x 4.2 x 2.2 cm."""
    return packet(
        "cheese_box", "cheese box", (0.065, 0.042, 0.022), color=(0.88, 0.92, 0.96), label=(0.16, 0.31, 0.58), mass=0.1,
        category="food",
    )  # fmt: skip
