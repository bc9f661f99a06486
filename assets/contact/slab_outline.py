"""slab_outline: a rectangle painted on the table, along which a flat case is to lie."""

from __future__ import annotations

from assets.contact._outline import outline
from assets.draft import Draft

HALF, EXACT = (0.10, 0.07), 0.015  # m; a centimetre of paint around the case, and half as much again that it may be off


def slab_outline() -> Draft:
    """A green outline of 20 x 14 cm."""
    return outline(
        "slab_outline",
        "green outline",
        (0.10, 0.45, 0.22),
        half=HALF,
        exact=EXACT,
        description="A rectangle of 20 by 14 cm, painted in green lines on the table.",
    )
