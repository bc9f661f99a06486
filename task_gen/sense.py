"""Sense: what people put where, what kind of thing something is, and its colour as one would say it."""

from __future__ import annotations

import re

from pipeline.core.asset import AssetSpec

SERVED = ("food", "cup", "mug", "bowl", "dish", "glass")
WASHED = ("cup", "mug", "bowl", "dish", "glass", "cutlery")
BELONGS = {  # category of a place: categories of what people put there; into other places anything goes
    "microwave": ("food", "cup", "mug", "bowl"),
    "oven": ("food", "bowl", "dish"),
    "fridge": SERVED,
    "dishwasher": WASHED,
    "sink": (*WASHED, "shaker"),
}
KINDS = {  # category: how several things of it are called
    "block": "blocks",
    "bottle": "bottles",
    "camera": "cameras",
    "cup": "cups",
    "food": "food",
    "glass": "glasses",
    "tool": "tools",
    "toy": "toys",
}
COLOURS = ("black", "blue", "green", "red", "white", "yellow")


def belongs(thing: AssetSpec, place: AssetSpec) -> bool:
    """Whether a person might put the thing there."""
    return thing.category in BELONGS.get(place.category, (thing.category,))


def colour(asset: AssetSpec) -> str | None:
    """The colour that its name says, or else its description, when it is one of the plain ones."""
    said = [w for w in asset.noun.split() if w in COLOURS]
    if said:
        return said[0]
    first = re.match(r"An? (\w+) ", asset.description)
    return first.group(1) if first and first.group(1) in COLOURS else None
