"""What the families share: picking from the pantry, and the objects of a task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.errors import TaskloomError
from pipeline.core.task import TaskObject

Item = TypeVar("Item")
TABLE = TaskObject(name="table", asset="table", role="fixture")


class NothingToCompose(TaskloomError):
    """A catalogue that does not afford a family of tasks to this robot."""


def choose(items: Sequence[Item], stream: np.random.Generator, *, what: str) -> Item:
    """One item at random; raises :class:`NothingToCompose` when there is none."""
    if not items:
        raise NothingToCompose(f"The catalogue holds no {what}.")
    return items[int(stream.integers(len(items)))]


def several(items: Sequence[Item], count: int, stream: np.random.Generator, *, what: str) -> tuple[Item, ...]:
    """``count`` different items at random; raises :class:`NothingToCompose` when there are fewer."""
    if len(items) < count:
        raise NothingToCompose(f"The catalogue holds only {len(items)} of the {count} {what} that it takes.")
    return tuple(items[int(i)] for i in stream.permutation(len(items))[:count])


def conjoined(atoms: Sequence[str]) -> str:
    """One formula of several."""
    return atoms[0] if len(atoms) == 1 else f"(and {' '.join(atoms)})"


def manipuland(asset: AssetSpec) -> TaskObject:
    """The object that is moved, called as its asset."""
    return TaskObject(name=asset.name, asset=asset.name, role="manipuland")


def receptacle(asset: AssetSpec) -> TaskObject:
    """The object that another is put on, in or beside."""
    return TaskObject(name=asset.name, asset=asset.name, role="receptacle")


def fixture(asset: AssetSpec) -> TaskObject:
    """Something bolted down."""
    return TaskObject(name=asset.name, asset=asset.name, role="fixture")


def region(asset: AssetSpec) -> TaskObject:
    """A painted area."""
    return TaskObject(name=asset.name, asset=asset.name, role="region")


def placed(asset: AssetSpec, relation: str) -> str:
    """A goal that puts an object somewhere; vessels and tall things must also stand upright afterwards."""
    bounds = asset.links[""].bounds.half
    tall = asset.links[""].cavity is not None or bounds[2] > 1.3 * max(bounds[:2])
    return f"(and {relation} (upright {asset.name}))" if tall else relation
