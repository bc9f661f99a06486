"""reorient: a flat box turned by a quarter in place; one of the five tasks of contact."""

from __future__ import annotations

from flows.contact import preset

reorient = preset("reorient")
