"""Parts: which of our bodies a fixture's region is: a drawer, the top, a hot plate, a knob."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pipeline.core.asset import AssetSpec
from task_gen.imports.lexicon import words

Use = Literal["container", "support", "opens", "turns"]
FILLERS = frozenset({"region", "side", "contain", "init", "cook", "heating"})  # say what it is for, not where
LEVELS = ("top", "middle", "bottom")
TURNED = frozenset({"knob", "dial", "switch", "lever", "tap", "button"})


class Untranslatable(ValueError):
    """A sentence of the source that has no counterpart with these assets; the message says why."""


def part(asset: AssetSpec, region: str, use: Use) -> str:
    """The link (``""`` is the base) of ``asset`` that the region means; raises :class:`Untranslatable`."""
    usable = [link for link in asset.links if _fits(asset, link, use)]
    where = [w for w in words(region) if w not in FILLERS]
    named = [link for link in usable if link and set(where) <= set(words(asset.link_nouns.get(link, link)))]
    if where and named:
        return named[0]
    if use == "support" and "" in usable and (not where or where == ["top"]):
        return ""
    levels = [w for w in where if w in LEVELS]
    if levels and use != "support":
        return _by_height(asset, usable, levels[0], region, use)
    if not usable or (use == "support" and where):
        raise Untranslatable(f"{asset.noun!r} has no {_called(use)}" + (f" for {region!r}" if region else ""))
    return usable[0]


def parts(asset: AssetSpec, use: Use) -> tuple[str, ...]:
    """Every link for a use; raises :class:`Untranslatable` when there is none."""
    found = tuple(link for link in asset.links if _fits(asset, link, use))
    if not found:
        raise Untranslatable(f"{asset.noun!r} has no {_called(use)}")
    return found


def _fits(asset: AssetSpec, link: str, use: Use) -> bool:
    shape = asset.links[link]
    if use == "container":
        return shape.cavity is not None
    if use == "support":
        return shape.support is not None
    joint = next((j for j in asset.joints if j.link == link), None)
    if joint is None:
        return False
    turned = bool(TURNED & set(words(asset.link_nouns.get(link, link)))) or "turn" in shape.axes
    return turned if use == "turns" else not turned and "press" not in shape.axes


def _by_height(asset: AssetSpec, usable: Iterable[str], level: str, region: str, use: Use) -> str:
    """Of links above each other without telling names: the highest is the top one."""
    order = sorted((u for u in usable if u), key=lambda u: -_height(asset, u))
    index = {"top": 0, "middle": 1, "bottom": -1}[level]
    if len(order) < (3 if level == "middle" else 2 if level == "bottom" else 1):
        raise Untranslatable(f"{asset.noun!r} has no {level} {_called(use)} for {region!r}")
    return order[index]


def _height(asset: AssetSpec, link: str) -> float:
    joint = next((j for j in asset.joints if j.link == link), None)
    return (joint.anchor[2] if joint else 0.0) + asset.links[link].bounds.pose[2]


def _called(use: Use) -> str:
    return {
        "container": "inside to put things into",
        "support": "flat top to put things on",
        "opens": "drawer or door",
        "turns": "knob to turn",
    }[use]
