"""zone_green: a green square painted on the table."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._zones import zone


def zone_green() -> Draft:
    """A green region of 16 cm."""
    return zone("zone_green", "green zone", (0.25, 0.60, 0.30))
