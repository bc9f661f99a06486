"""soup_can: a tin can of soup."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._groceries import can


def soup_can() -> Draft:
    """A can of 6.6 cm across and 8 cm high."""
    return can("soup_can", "soup can", radius=0.033, height=0.080, label=(0.72, 0.14, 0.12), mass=0.35)
