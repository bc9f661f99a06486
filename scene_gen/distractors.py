"""Distractors: things of the catalogue that a task does not mention, and that its words could not mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Catalog
from pipeline.core.task import TaskSpec

LARGEST = 0.14  # m: half a diagonal; larger things leave the task no room


def choose_distractors(
    task: TaskSpec,
    catalog: Catalog,
    count: int,
    stream: np.random.Generator,
    *,
    categories: Sequence[str] = (),
) -> dict[str, AssetSpec]:
    """At most ``count`` distractors by object name, all different; of the given categories, if any are given."""
    able = [a for a in eligible(task, catalog) if not categories or a.category in categories]
    order = stream.permutation(len(able))[: max(0, count)]
    return {f"distractor_{i + 1}": able[k] for i, k in enumerate(order)}


def eligible(task: TaskSpec, catalog: Catalog) -> list[AssetSpec]:
    """Small free things whose noun shares its last word with nothing that the task names or says, sorted by name."""
    named = [catalog.asset(o.asset) for o in task.objects]
    meant = _heads(a.noun for a in named) | set(re.findall(r"[a-z]+", task.instruction.lower()))
    categories = {a.category for a in named if not a.fixed}
    found: list[AssetSpec] = []
    for asset in map(catalog.asset, catalog.assets):
        radius = float(np.hypot(*asset.links[""].bounds.half[:2]))
        plain = not asset.fixed and not asset.joints and radius <= LARGEST
        if plain and asset.category not in categories and not _heads([asset.noun]) & meant:
            found.append(asset)
    return found


def _heads(nouns: Iterable[str]) -> set[str]:
    """The last word of each noun: another 'blue mug' makes 'the mug' ambiguous."""
    return {noun.lower().split()[-1] for noun in nouns}
