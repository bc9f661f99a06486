"""sauce_bottle: a bottle of brown sauce."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._groceries import bottle


def sauce_bottle() -> Draft:
    """A bottle of 5 cm across and 14 cm high."""
    return bottle(
        "sauce_bottle",
        "sauce bottle",
        radius=0.025,
        height=0.14,
        color=(0.33, 0.12, 0.06),
        label=(0.93, 0.86, 0.62),
        mass=0.3,
    )
