"""peg_blue: a blue square peg on a foot."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._pegs import peg_stand


def peg_blue() -> Draft:
    """A blue peg of 3.6 cm."""
    return peg_stand("peg_blue", "blue peg", (0.14, 0.28, 0.66))
