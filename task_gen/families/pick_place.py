"""Pick-and-place: on a support, in a container, or beside another object on the table."""

from __future__ import annotations

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.task import TaskSpec
from task_gen.compose import TABLE, choose, fixture, manipuland, placed, receptacle
from task_gen.pantry import Pantry, crowded, fits_inside, fits_on, fits_under
from task_gen.words import either_way, its_part, link_noun, phrase, slug, tellings, the, the_link

ON = ("put {x} on {y}", "place {x} onto {y}", "pick up {x} and set it on {y}")
IN = ("put {x} in {y}", "place {x} into {y}", "pick up {x} and drop it into {y}")
DRAWER = ("put {x} in {y}", "place {x} into {y}, which is open")
BESIDE = (
    "put {x} just to the {side} of {y}",
    "place {x} next to {y}, on its {side}",
    "set {x} down to the {side} of {y}",
)
ON_TOLD = (
    "[make|turn] {y} the new [spot|place] of {x}",
    "[stand|rest] {x} upon {y}",
    "{x} off the table and onto {y}, [please|thanks]",
    "on {y} there [is|should be] a place for {x}",
    "[lift|raise] {x}, hover over {y}, set it down there",
    "{y} is where {x} [belongs|should stand]",
    "[see to it|make sure] that {y} bears {x}",
    "[I want|I'd like] {x} to end up [on top of|standing on] {y}",
    "[could you|would you] move {x} onto {y}?",
    "[carry|bring] {x} over to {y} and [leave it there|let go of it on top]",
    "[grab|grasp] {x}; {y} is what it should rest on",
    "[use|take] {y} as a base for {x}",
)
IN_TOLD = (
    "[make|turn] {y} the new home of {x}",
    "[gently|carefully] now: lay {x} down in {y}",
    "{x} off the table and into {y}, [please|thanks]",
    "[lift|raise] {x} over the rim of {y} and lower it in",
    "[what|all that] {y} still lacks is {x}; [add|supply] it",
    "{x} [belongs|should lie] inside {y}",
    "[I want|I'd like] {x} to end up inside {y}",
    "[could you|would you] drop {x} into {y}?",
    "[carry|bring] {x} over to {y} and [leave|let go of] it inside",
    "[grab|grasp] {x}; into {y} with it",
    "[fill|load] {y} with {x}",
    "let {y} hold {x}",
)
DRAWER_TOLD = either_way(
    "{y} stands open for {x}, [so fill it|so put that there]",
    "[I want|I'd like] {x} to lie in {y}, [open already|open as it is]",
    "{y} is open; [could you|would you] drop {x} in there?",
    "[carry|bring] {x} to {y}, [pulled out already|which is pulled out], and let go",
    "[grab|grasp] {x}; into {y}, already open, with it",
    "[lower|lay] {x} into {y} and leave that open",
    "nothing to open here: {x} just has to go into {y}",
)
BESIDE_TOLD = (
    "{x} [belongs|should stand] close to {y}, on the {side} of it",
    "[I want|I'd like] {x} as the {side} neighbour of {y}",
    "[could you|would you] move {x} to the {side} side of {y}, close by?",
    "[carry|bring] {x} next to {y} so that it is on the {side}",
    "{x} goes right beside {y}, {side} side",
    "on the {side} of {y}, [close to it|within a hand's width], [stand|leave] {x}",
)
SIDES = {"left": "left_of", "right": "right_of"}
HORIZON = 20.0  # s; an approach, a grasp, a carry and a release take 8 to 12


def pick_place(pantry: Pantry, stream: np.random.Generator, *, turn: int) -> TaskSpec:
    """Compose one task; ``turn`` cycles through in, on, beside, and in an open drawer."""
    return (_inside, _on, _beside, _in_drawer)[turn % 4](pantry, stream)


def _inside(pantry: Pantry, stream: np.random.Generator) -> TaskSpec:
    pairs = [
        (x, y)
        for y in pantry.having("container")
        for x in pantry.graspable
        if not y.fixed and x != y and fits_inside(x, y.links[""]) and not crowded(x, y)
    ]
    x, y = choose(pairs, stream, what="graspable object that fits into a container")
    return _task(x, y, placed(x, f"(inside {x.name} {y.name})"), ("put", "in"), (IN, IN_TOLD), stream)


def _on(pantry: Pantry, stream: np.random.Generator) -> TaskSpec:
    pairs = [
        (x, y)
        for y in pantry.having("support")
        for x in pantry.graspable
        if not y.fixed and not y.can("stackable") and x != y and fits_on(x, y.links[""]) and not crowded(x, y)
    ]
    x, y = choose(pairs, stream, what="graspable object that fits on a support")
    return _task(x, y, placed(x, f"(on {x.name} {y.name})"), ("put", "on"), (ON, ON_TOLD), stream)


def _beside(pantry: Pantry, stream: np.random.Generator) -> TaskSpec:
    x = choose(pantry.graspable, stream, what="graspable object")
    free = [a for a in pantry.everything if not a.fixed and a.affordances]
    others = [a for a in free if a != x and a.category != x.category and not crowded(a, x)]
    y = choose(others, stream, what="second object to stand beside")
    side = choose(tuple(SIDES), stream, what="side")
    relation = f"(near {x.name} {y.name}) ({SIDES[side]} {x.name} {y.name})"
    goal = f"(and {relation} (upright {x.name}) (not (holding {x.name})))"
    return _task(x, y, goal, ("put", f"{side} of"), (BESIDE, BESIDE_TOLD), stream, side=side)


def _in_drawer(pantry: Pantry, stream: np.random.Generator) -> TaskSpec:
    triples = [
        (x, y, link)
        for y, link in pantry.openable
        for x in pantry.graspable
        if fits_inside(x, y.links[link]) and fits_under(x, y.links[link])
    ]
    x, y, link = choose(triples, stream, what="graspable object that fits into a drawer")
    body = f"{y.name}/{link}"
    return TaskSpec(
        name=slug("put", x.noun, "in open", link_noun(y, link), "of", y.noun),
        family="pick_place",
        instruction=phrase(DRAWER, stream, x=the(x), y=the_link(y, link)),
        paraphrases=tellings(DRAWER_TOLD, stream, x=the(x), y=the_link(y, link), its=its_part(y, link)),
        objects=(TABLE, fixture(y), manipuland(x)),
        initial=(f"(is_open {body})",),
        goal=f"(inside {x.name} {body})",
        horizon=HORIZON,
    )


def _task(
    x: AssetSpec,
    y: AssetSpec,
    goal: str,
    verb: tuple[str, str],
    templates: tuple[tuple[str, ...], tuple[str, ...]],
    stream: np.random.Generator,
    **words: str,
) -> TaskSpec:
    plain, told = templates
    return TaskSpec(
        name=slug(verb[0], x.noun, verb[1], y.noun),
        family="pick_place",
        instruction=phrase(plain, stream, x=the(x), y=the(y), **words),
        paraphrases=tellings(told, stream, x=the(x), y=the(y), **words),
        objects=(TABLE, manipuland(x), receptacle(y)),
        goal=goal,
        horizon=HORIZON,
    )
