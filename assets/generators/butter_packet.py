"""butter_packet: a wrapped packet of butter."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._groceries import packet


def butter_packet() -> Draft:
    """A packet of 10 x 6 x 3.5 cm."""
    return packet(
        "butter_packet", "butter packet", (0.10, 0.06, 0.035), color=(0.94, 0.86, 0.52), label=(0.22, 0.52, 0.24),
        mass=0.25, category="food",
    )  # fmt: skip
