"""Sort: several things by colour, kind or size, each group to a place of its own."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.task import TaskObject, TaskSpec
from task_gen.compose import TABLE, NothingToCompose, choose, conjoined, manipuland, receptacle, region, several
from task_gen.pantry import Pantry, crowded, fit_together, fits_inside, fits_on, fits_region
from task_gen.sense import KINDS, colour
from task_gen.words import listed, phrase, slug, tellings, the

Group = tuple[str, tuple[AssetSpec, ...], AssetSpec]
"""What the group is called, its things, and where they go."""

PLAIN = ("sort by {by}: put {groups}", "sort these by {by}: {groups}")
TOLD = (
    "[arrange|organise] [the things|everything] by {by}: {groups}",
    "{by} decides where things go: {groups}",
    "[the table is a mess|this is a muddle]; separate by {by}, {groups}",
    "[group|split up] [the objects|what is here] by {by}, that is, {groups}",
    "[could you|would you] sort things out by {by}: {groups}?",
    "[keep|hold] apart what differs in {by}: {groups}",
    "[tidy up|clean up], going by {by}: {groups}",
    "a place for every {by}: {groups}",
    "{groups}: [that is how|this is how] I want it sorted by {by}",
)
GROUP_TOLD = (
    "{of} ({x}) {to}",
    "{of}, {x}, {to}",
    "{of}, that is {x}, {to}",
    "{of} {to} ({x})",
    "{to} {of} ({x})",
    "{of}, namely {x}, {to}",
)
LARGER = 2.5  # times the volume: the smallest large thing against the largest small one
HORIZON = 18.0  # s a thing that is moved
FLAT = 0.9  # of the sizes: a support that reaches as far has no rim
MOST = 6  # things


def sort(pantry: Pantry, stream: np.random.Generator, *, turn: int) -> TaskSpec:
    """Compose one task; ``turn`` cycles through kind, colour and size, with two to six things."""
    by = ("kind", "colour", "size")[turn % 3]
    bags = {"kind": _kinds, "colour": _colours, "size": _sizes}[by](pantry, stream)
    groups = _groups(pantry, bags, 2 + turn // 3 % (MOST - 1), stream, by=by)
    things = [x for _, members, _ in groups for x in members]
    places = [place for _, _, place in groups]
    if crowded(*things, *places):
        raise NothingToCompose(f"{listed([the(x) for x in (*things, *places)])} do not fit on the table together.")
    return TaskSpec(
        name=slug("sort by", by, *(f"{' '.join(x.noun for x in m)} to {y.noun}" for _, m, y in groups)),
        family="sort",
        instruction=phrase(PLAIN, stream, by=by, groups=listed([_plain(g) for g in groups])),
        paraphrases=tellings(TOLD, stream, by=by, groups=listed([_told(g, stream) for g in groups])),
        objects=(TABLE, *map(_place, places), *map(manipuland, things)),
        goal=conjoined([_goes(x, place) for _, members, place in groups for x in members]),
        horizon=HORIZON * len(things),
    )


def _kinds(pantry: Pantry, stream: np.random.Generator) -> dict[str, list[AssetSpec]]:
    bags: dict[str, list[AssetSpec]] = defaultdict(list)
    for x in pantry.graspable:
        if x.category in KINDS:
            bags[KINDS[x.category]].append(x)
    return bags


def _colours(pantry: Pantry, stream: np.random.Generator) -> dict[str, list[AssetSpec]]:
    bags: dict[str, list[AssetSpec]] = defaultdict(list)
    for x in pantry.graspable:
        if (said := colour(x)) is not None:
            bags[f"{said} things"].append(x)
    return bags


def _sizes(pantry: Pantry, stream: np.random.Generator) -> dict[str, list[AssetSpec]]:
    """Small and large things about a random middle, with nothing between them."""
    middle = _volume(choose(pantry.graspable, stream, what="graspable object"))
    return {
        "small things": [x for x in pantry.graspable if _volume(x) <= middle],
        "large things": [x for x in pantry.graspable if _volume(x) >= LARGER * middle],
    }


def _groups(
    pantry: Pantry, bags: dict[str, list[AssetSpec]], count: int, stream: np.random.Generator, *, by: str
) -> list[Group]:
    """Two or three groups, ``count`` things in all, each with a place that takes it and is taken by no other."""
    number = 3 if len(bags) > 2 and count > 2 and stream.integers(3) == 0 else 2
    of = several(sorted(bags), number, stream, what="kinds of things")
    shares = [count // number + (i < count % number) for i in range(number)]
    groups: list[Group] = []
    for name, share in zip(of, shares, strict=True):
        taken = {a.name for _, m, y in groups for a in (*m, y)}
        things = several([x for x in bags[name] if x.name not in taken], share, stream, what=name)
        taken |= {x.name for x in things}
        places = [y for y in _places(pantry) if y.name not in taken and _takes(y, things)]
        if by == "colour":  # a red zone must not be where the blue things go
            match = [y for y in places if colour(y) == name.split()[0]]
            places = match or [y for y in places if colour(y) not in {n.split()[0] for n in bags}]
        groups.append(
            (name, tuple(sorted(things, key=lambda x: x.name)), choose(places, stream, what="place to sort to"))
        )
    return sorted(groups, key=lambda g: g[0])


def _places(pantry: Pantry) -> list[AssetSpec]:
    """Free containers and supports, and painted regions; what is made for stacking would fall over."""
    free = [y for y in pantry.everything if not y.fixed and y.affordances and not y.can("stackable")]
    return [*(y for y in free if y.can("container") or y.can("support")), *pantry.having("region")]


def _takes(place: AssetSpec, things: tuple[AssetSpec, ...]) -> bool:
    shape = place.links[""]
    if place.can("region"):
        return fit_together(things, shape.bounds) and all(fits_region(x, place) for x in things)
    if place.can("container"):
        return (
            shape.cavity is not None
            and fit_together(things, shape.cavity)
            and all(fits_inside(x, shape) for x in things)
        )
    if shape.support is None or (len(things) > 1 and _rimmed(place)):
        return False
    return fit_together(things, shape.support) and all(fits_on(x, shape) for x in things)


def _rimmed(place: AssetSpec) -> bool:
    """Whether a support is flat in its middle only, as a plate is: several things would lean on its rim."""
    shape = place.links[""]
    return shape.support is not None and min(np.divide(shape.support.half[:2], shape.bounds.half[:2])) < FLAT


def _goes(x: AssetSpec, place: AssetSpec) -> str:
    predicate = "within" if place.can("region") else "inside" if place.can("container") else "on"
    return f"({predicate} {x.name} {place.name})"


def _to(place: AssetSpec) -> str:
    return f"{'in' if place.can('region') or place.can('container') else 'on'} {the(place)}"


def _plain(group: Group) -> str:
    of, things, place = group
    return f"the {of}, {listed([the(x) for x in things])}, {_to(place)}"


def _told(group: Group, stream: np.random.Generator) -> str:
    of, things, place = group
    template = GROUP_TOLD[int(stream.integers(len(GROUP_TOLD)))]
    return template.format(of=of, x=listed([the(x) for x in things]), to=_to(place))


def _place(place: AssetSpec) -> TaskObject:
    return region(place) if place.can("region") else receptacle(place)


def _volume(asset: AssetSpec) -> float:
    return float(np.prod(asset.links[""].bounds.half))
