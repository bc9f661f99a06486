"""cookie_box: a box of cookies that a bowl can stand on."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._groceries import packet


def cookie_box() -> Draft:
    """A box of 12 x 10 x 5 cm."""
    return packet(
        "cookie_box", "cookie box", (0.12, 0.10, 0.05), color=(0.50, 0.30, 0.16), label=(0.95, 0.80, 0.35), mass=0.2,
        category="food", carries=True,
    )  # fmt: skip
