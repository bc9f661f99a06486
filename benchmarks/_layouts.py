"""Layouts of every kind of relation over the whole library, drawn from a seed: what scene sampling is measured on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskObject, TaskSpec
from scene_gen.relations.lying import on_its_side
from task_gen.pantry import Pantry, crowded, fits_inside, fits_on, fits_region

SUPPORTS = ("table", "counter", "shelf", "two_tables")
OTHERS = 8  # further things a layout at most, beside those of its relations
OTHERS_BESIDE_FIXTURES = 3  # they need most of the table for their doors and drawers
TRIES = 200
PAIRS = ("near", "left_of", "right_of", "in_front_of", "behind", "aligned")

Things = tuple[tuple[str, AssetSpec], ...]
"""Names in the scene with their assets."""
Draw = Callable[[Pantry, np.random.Generator], "tuple[Things, tuple[str, ...]] | None"]


@dataclass(frozen=True)
class Layout:
    """A relation's kind, the support and a task whose initial relations are to be sampled."""

    kind: str
    support: str
    task: TaskSpec


def kinds() -> tuple[str, ...]:
    """Every kind of layout."""
    return tuple(_DRAWS)


def draw_layout(kind: str, index: int, pantry: Pantry, *, seed: int) -> Layout:
    """Layout ``index`` of a kind: what stands in its relation, and up to ``OTHERS`` more; at most 12 free things."""
    chance = stream(seed, "layouts", kind, index)
    for _ in range(TRIES):
        drawn = _DRAWS[kind](pantry, chance)
        if drawn is None or not _have_room(drawn[0]):
            continue
        things, relations = drawn
        names = {name for name, _ in things}
        others = OTHERS_BESIDE_FIXTURES if any(a.joints for _, a in things) else OTHERS
        for other in _some(_free(pantry), chance, int(chance.integers(others + 1))):
            if other.name not in names and _have_room((*things, (other.name, other))):
                things, names = (*things, (other.name, other)), names | {other.name}
        # Drawers and doors stand at the back of a table; the other supports have furniture there.
        support = "table" if any(a.joints for _, a in things) else SUPPORTS[index % len(SUPPORTS)]
        task = TaskSpec(
            name=f"{kind}_{index}",
            family="pick_place",
            instruction="Leave everything where it is.",
            objects=tuple(TaskObject(name=name, asset=a.name) for name, a in things),
            initial=relations,
            goal=relations[0],
        )
        return Layout(kind, support, task)
    raise RuntimeError(f"no layout of kind {kind!r} found in {TRIES} draws")


def draw_things(pantry: Pantry, chance: np.random.Generator, *, count: int) -> tuple[tuple[TaskObject, ...], str]:
    """``count`` different free things that find room together, and some goal over them."""
    for _ in range(TRIES):
        things = _named(*_some(_free(pantry), chance, count))
        if _have_room(things):
            return tuple(TaskObject(name=n, asset=a.name) for n, a in things), f"(near {things[0][0]} {things[1][0]})"
    raise RuntimeError(f"no {count} things that find room in {TRIES} draws")


def _have_room(things: Things) -> bool:
    return not crowded(*(a for _, a in things if not a.fixed or a.can("region")))


def _free(pantry: Pantry) -> list[AssetSpec]:
    return [a for a in pantry.everything if not a.fixed]


def _some(assets: list[AssetSpec], chance: np.random.Generator, count: int) -> list[AssetSpec]:
    return [assets[i] for i in chance.choice(len(assets), size=min(count, len(assets)), replace=False)]


def _named(*assets: AssetSpec) -> Things:
    return tuple((a.name, a) for a in assets)


def _on(pantry: Pantry, chance: np.random.Generator) -> tuple[Things, tuple[str, ...]] | None:
    carriers = [a for a in pantry.everything if a.links[""].support is not None and (not a.fixed or a.joints)]
    carrier = _some(carriers, chance, 1)[0]
    fitting = [a for a in _free(pantry) if a != carrier and fits_on(a, carrier.links[""])]
    if not fitting:
        return None
    thing = _some(fitting, chance, 1)[0]
    return _named(thing, carrier), (f"(on {thing.name} {carrier.name})",)


def _on_table(pantry: Pantry, chance: np.random.Generator) -> tuple[Things, tuple[str, ...]]:
    thing = _some(_free(pantry), chance, 1)[0]
    return _named(thing), (f"(on {thing.name} table)",)


def _inside(pantry: Pantry, chance: np.random.Generator) -> tuple[Things, tuple[str, ...]] | None:
    containers = [a for a in _free(pantry) if a.links[""].cavity is not None]
    container = _some(containers, chance, 1)[0]
    fitting = [a for a in _free(pantry) if a != container and fits_inside(a, container.links[""])]
    if not fitting:
        return None
    thing = _some(fitting, chance, 1)[0]
    return _named(thing, container), (f"(inside {thing.name} {container.name})",)


def _in_a_drawer(pantry: Pantry, chance: np.random.Generator) -> tuple[Things, tuple[str, ...]] | None:
    cabinet, link = pantry.openable[int(chance.integers(len(pantry.openable)))]
    fitting = [a for a in _free(pantry) if fits_inside(a, cabinet.links[link])]
    if not fitting:
        return None
    thing, drawer = _some(fitting, chance, 1)[0], f"{cabinet.name}/{link}"
    return _named(thing, cabinet), (f"(inside {thing.name} {drawer})", f"(is_open {drawer})")


def _stacked(pantry: Pantry, chance: np.random.Generator) -> tuple[Things, tuple[str, ...]] | None:
    lowest = _some([a for a in _free(pantry) if a.links[""].support is not None], chance, 1)[0]
    middles = [
        a for a in _free(pantry) if a != lowest and a.links[""].support is not None and fits_on(a, lowest.links[""])
    ]
    if not middles:
        return None
    middle = _some(middles, chance, 1)[0]
    tops = [a for a in _free(pantry) if a not in (lowest, middle) and fits_on(a, middle.links[""])]
    if not tops:
        return None
    top = _some(tops, chance, 1)[0]
    return _named(top, middle, lowest), (f"(on {top.name} {middle.name})", f"(on {middle.name} {lowest.name})")


def _within(pantry: Pantry, chance: np.random.Generator) -> tuple[Things, tuple[str, ...]] | None:
    region = _some(list(pantry.having("region")), chance, 1)[0]
    fitting = [a for a in _free(pantry) if fits_region(a, region)]
    if not fitting:
        return None
    thing = _some(fitting, chance, 1)[0]
    return _named(thing, region), (f"(within {thing.name} {region.name})",)


def _alone(predicate: str) -> Draw:
    def draw(pantry: Pantry, chance: np.random.Generator) -> tuple[Things, tuple[str, ...]]:
        able = [a for a in _free(pantry) if predicate != "lying" or on_its_side(a)]
        thing = _some(able, chance, 1)[0]
        return _named(thing), (f"({predicate} {thing.name})",)

    return draw


def _several(predicate: str, count: int) -> Draw:
    def draw(pantry: Pantry, chance: np.random.Generator) -> tuple[Things, tuple[str, ...]]:
        things = _some(_free(pantry), chance, count)
        return _named(*things), (f"({predicate} {' '.join(a.name for a in things)})",)

    return draw


def _jointed(state: str, axis: str) -> Draw:
    def draw(pantry: Pantry, chance: np.random.Generator) -> tuple[Things, tuple[str, ...]]:
        jointed = [(a, j.link) for a in pantry.everything for j in a.joints if axis in a.links[j.link].axes]
        asset, link = jointed[int(chance.integers(len(jointed)))]
        return _named(asset), (f"({state} {asset.name}/{link})",)

    return draw


_DRAWS: dict[str, Draw] = {
    "on": _on,
    "on_table": _on_table,
    "inside": _inside,
    "in_a_drawer": _in_a_drawer,
    "stacked": _stacked,
    "within": _within,
    "upright": _alone("upright"),
    "lying": _alone("lying"),
    **{pair: _several(pair, 2) for pair in PAIRS},
    "in_a_row": _several("in_a_row", 3),
    "is_open": _jointed("is_open", "pull"),
    "is_closed": _jointed("is_closed", "pull"),
    "turned_on": _jointed("turned_on", "turn"),
    "turned_off": _jointed("turned_off", "turn"),
}
