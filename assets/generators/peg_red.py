"""peg_red: a red square peg on a foot."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._pegs import peg_stand


def peg_red() -> Draft:
    """A red peg of 3.6 cm."""
    return peg_stand("peg_red", "red peg", (0.76, 0.14, 0.12))
