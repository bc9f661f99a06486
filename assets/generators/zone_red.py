"""zone_red: a red square painted on the table."""

from __future__ import annotations

from assets.draft import Draft
from assets.generators._zones import zone


def zone_red() -> Draft:
    """A red region of 16 cm."""
    return zone("zone_red", "red zone", (0.78, 0.20, 0.18))
