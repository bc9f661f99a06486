"""Arrange: several things in a row, side by side in order, around another one, by height, or parallel."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.task import TaskObject, TaskSpec
from task_gen.compose import TABLE, NothingToCompose, conjoined, manipuland, receptacle, several
from task_gen.pantry import Pantry, crowded
from task_gen.words import listed, phrase, slug, tellings, the

ROW = ("put {all} in a row, with {middle} in the middle", "line up {all} so that {middle} is between the others")
ROW_TOLD = (
    "{middle} [should stand|belongs] [halfway|midway] between {first} and {last}, all three on one line",
    "[form|make] a straight, even row: {first}, {middle}, {last}",
    "[could you|would you] build a row out of {first}, {middle} and {last}, in that order?",
    "[evenly spaced and|] in one line I want {first}, then {middle}, then {last}",
    "with {first} at one end and {last} at the other, {middle} goes exactly [in between|halfway]",
    "[space out|spread] {first}, {middle} and {last} evenly along a line",
)
ORDER = ("line up {all} from left to right", "put {all} side by side, from left to right in this order")
ORDER_TOLD = (
    "[starting|beginning] on the left, [stand|place] {all} next to [each other|one another]",
    "leftmost {first}, rightmost {last}, [neighbours in this order|each beside the next]: {all}",
    "{all}: [that is|make this] the order on the table, left to right, close together",
    "[could you|would you] set up a left-to-right line of {all}?",
    "[I'd like|I want] {first} [at the left end|on the far left], followed to the right by {rest}, close together",
    "read from the left, [the line|it] should go {all}, with [little|no large] gaps",
)
HEIGHT = ("line up {all} by height, the {how} one on the left", "sort {all} by height from left to right, {how} first")
HEIGHT_TOLD = (
    "[make|form] an organ-pipe line with {all}: {how} on the left, side by side",
    "side by side and ordered by height, {how} [leftmost|at the left end]: {all}",
    "[could you|would you] rank {all} by height, {how} at the left, close to each other?",
    "{all} differ in height; let them [stand|queue] close together with the {how} on the left and so on",
    "heights should [go step by step|run in order], the {how} at the left end, [along|in] a tight line of {all}",
)
AROUND = ("put {places}", "place {places}")
AROUND_TOLD = (
    "[gather|assemble] things around {y}: {places}",
    "with {y} in the centre: {places}",
    "[lay out|set up] the table [like this|this way]: {places}",
    "[could you|would you] put {places}?",
    "[I'd like|I want] to see {places}, [all near|close by]",
    "[all of this|this much] close to {y}: {places}",
)
PARALLEL = ("lay {a} next to {b}, parallel to it", "put {a} beside {b} so that they are parallel")
PARALLEL_TOLD = (
    "[align|line up] {a} with {b}, one beside the other",
    "{a} and {b} [should|are to] point the same way, [side by side|right next to each other]",
    "[could you|would you] straighten {a} to match {b} and lay it close by?",
    "[turn and move|bring] {a} close to {b}, [edges|long sides] parallel",
    "[no crooked angles|neatly now]: {a} parallel to {b}, with barely a gap",
)
SIDES = {
    "left_of": "to the left of",
    "right_of": "to the right of",
    "in_front_of": "in front of",
    "behind": "behind",
}
LONGEST = 0.16  # m of a thing in a row
TALLER = 0.015  # m between heights that are told apart at a glance
ELONGATED = 1.5  # long side over short side: clear of where ``aligned`` tells sides apart
HORIZON = 18.0  # s a thing that is moved


def arrange(pantry: Pantry, stream: np.random.Generator, *, turn: int) -> TaskSpec:
    """Compose one task; ``turn`` cycles through rows, orders, places around a thing, heights and parallels."""
    kinds = (_row, _order, _around, _height, _parallel)
    return kinds[turn % len(kinds)](pantry, stream, turn // len(kinds))


def _row(pantry: Pantry, stream: np.random.Generator, turn: int) -> TaskSpec:
    first, middle, last = _compact(pantry, 3, stream)
    first, last = sorted((first, last), key=lambda a: a.name)  # a row has no direction
    things = (first, middle, last)
    names = {"first": the(first), "middle": the(middle), "last": the(last), "all": _all(things)}
    return _task(
        slug("row of", *(x.noun for x in things)),
        (ROW, ROW_TOLD),
        names,
        things,
        f"(in_a_row {first.name} {middle.name} {last.name})",
        stream,
    )


def _order(pantry: Pantry, stream: np.random.Generator, turn: int) -> TaskSpec:
    things = _compact(pantry, 3 + turn % 3, stream)
    names = {"all": _all(things), "first": the(things[0]), "last": the(things[-1]), "rest": _all(things[1:])}
    return _task(slug("line up", *(x.noun for x in things)), (ORDER, ORDER_TOLD), names, things, _line(things), stream)


def _height(pantry: Pantry, stream: np.random.Generator, turn: int) -> TaskSpec:
    things = tuple(sorted(_compact(pantry, 3 + turn % 2, stream), key=_tall))
    if min(_tall(b) - _tall(a) for a, b in pairwise(things)) < TALLER:
        raise NothingToCompose(f"{_all(things)} are not clearly of different heights.")
    falling = bool(stream.integers(2))
    line = things[::-1] if falling else things
    names = {"all": _all(line), "how": "tallest" if falling else "shortest"}
    return _task(
        slug("line up by height", *(x.noun for x in line)), (HEIGHT, HEIGHT_TOLD), names, line, _line(line), stream
    )


def _around(pantry: Pantry, stream: np.random.Generator, turn: int) -> TaskSpec:
    middle, *others = _compact(pantry, 3 + turn % 3, stream)
    sides = several(sorted(SIDES), len(others), stream, what="sides")
    if not {"behind", "in_front_of"} & set(sides):  # that would be an order from left to right
        sides = ("behind", *sides[1:])
    pairs = sorted(zip(others, sides, strict=True), key=lambda pair: pair[0].name)
    places = listed([f"{the(x)} just {SIDES[side]} {the(middle)}" for x, side in pairs])
    goal = conjoined([f"({p} {x.name} {middle.name})" for x, side in pairs for p in ("near", side)])
    return _task(
        slug(*(f"{x.noun} {side}" for x, side in pairs), middle.noun),
        (AROUND, AROUND_TOLD),
        {"y": the(middle), "places": places},
        (middle, *(x for x, _ in pairs)),
        goal,
        stream,
        still=middle,
    )


def _parallel(pantry: Pantry, stream: np.random.Generator, turn: int) -> TaskSpec:
    long = [x for x in pantry.graspable if _elongated(x)]
    first, second = sorted(several(long, 2, stream, what="elongated objects"), key=lambda a: a.name)
    goal = f"(and (near {first.name} {second.name}) (aligned {first.name} {second.name}))"
    return _task(
        slug("lay", first.noun, "parallel to", second.noun),
        (PARALLEL, PARALLEL_TOLD),
        {"a": the(first), "b": the(second)},
        (first, second),
        goal,
        stream,
        still=second,
    )


def _task(
    name: str,
    templates: tuple[Sequence[str], Sequence[str]],
    names: dict[str, str],
    things: Sequence[AssetSpec],
    goal: str,
    stream: np.random.Generator,
    *,
    still: AssetSpec | None = None,
) -> TaskSpec:
    if crowded(*things):
        raise NothingToCompose(f"{_all(things)} leave each other too little room on the table.")
    plain, told = templates
    return TaskSpec(
        name=name,
        family="arrange",
        instruction=phrase(plain, stream, **names),
        paraphrases=tellings(told, stream, **names),
        objects=(TABLE, *(_object(x, still) for x in things)),
        goal=goal,
        horizon=HORIZON * (len(things) - 1),
    )


def _object(asset: AssetSpec, still: AssetSpec | None) -> TaskObject:
    return receptacle(asset) if asset == still else manipuland(asset)


def _line(things: Sequence[AssetSpec]) -> str:
    """Neighbours from left to right, told from the middle one outwards: it may stay where it is."""
    middle = len(things) // 2
    left = [(things[i], "left_of", things[i + 1]) for i in range(middle)]
    right = [(things[i], "right_of", things[i - 1]) for i in range(middle + 1, len(things))]
    return conjoined([f"({p} {a.name} {b.name})" for a, side, b in (*left, *right) for p in ("near", side)])


def _compact(pantry: Pantry, count: int, stream: np.random.Generator) -> tuple[AssetSpec, ...]:
    compact = [x for x in pantry.graspable if 2 * max(x.links[""].bounds.half[:2]) <= LONGEST]
    return several(compact, count, stream, what="compact graspable objects")


def _all(things: Sequence[AssetSpec]) -> str:
    return listed([the(x) for x in things])


def _tall(asset: AssetSpec) -> float:
    return 2 * asset.links[""].bounds.half[2]


def _elongated(asset: AssetSpec) -> bool:
    """Whether its long side can be told at a glance and it is no taller than long: it lies."""
    x, y, z = asset.links[""].bounds.half
    return max(x, y) >= ELONGATED * min(x, y) and max(x, y) > z
