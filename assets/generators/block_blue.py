"""block_blue: a blue wooden cube."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._blocks import cube


def block_blue() -> Draft:
    """A blue cube of 4.5 cm."""
    return cube("block_blue", "blue block", (0.14, 0.33, 0.75))
