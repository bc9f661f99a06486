"""block_red: a red wooden cube."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._blocks import cube


def block_red() -> Draft:
    """A red cube of 4.5 cm."""
    return cube("block_red", "red block", (0.80, 0.16, 0.13))
