"""push_mark: a square of 10 cm painted on the table, on which a box is to stand exactly."""

from __future__ import annotations

from assets.contact._outline import outline
from assets.draft import Draft

# Within 7 mm along both sides is within 1 cm in all, at the corners.
HALF, EXACT = 0.05, 0.007  # m


def push_mark() -> Draft:
    """A blue outline of 10 x 10 cm."""
    return outline(
        "push_mark",
        "blue mark",
        (0.10, 0.24, 0.62),
        half=(HALF, HALF),
        exact=EXACT,
        description="A square of 10 cm, painted in blue lines on the table.",
    )
