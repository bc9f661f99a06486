"""block_green: a green wooden cube."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._blocks import cube


def block_green() -> Draft:
    """A green cube of 4.5 cm."""
    return cube("block_green", "green block", (0.20, 0.58, 0.24))
