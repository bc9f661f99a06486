"""Pick-and-place: on a support, in a container, or beside another object on the table."""

from __future__ import annotations

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.task import TaskSpec
from task_gen.compose import TABLE, choose, fixture, manipuland, placed, receptacle
from task_gen.pantry import Pantry, crowded, fits_inside, fits_on, fits_under
from task_gen.words import link_noun, phrase, slug, the, the_link

ON = ("put {x} on {y}", "place {x} onto {y}", "pick up {x} and set it on {y}")
IN = ("put {x} in {y}", "place {x} into {y}", "pick up {x} and drop it into {y}")
DRAWER = ("put {x} in {y}", "place {x} into {y}, which is open")
BESIDE = (
    "put {x} just to the {side} of {y}",
    "place {x} next to {y}, on its {side}",
    "set {x} down to the {side} of {y}",
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
    return _task(x, y, placed(x, f"(inside {x.name} {y.name})"), ("put", "in"), phrase(IN, stream, x=the(x), y=the(y)))


def _on(pantry: Pantry, stream: np.random.Generator) -> TaskSpec:
    pairs = [
        (x, y)
        for y in pantry.having("support")
        for x in pantry.graspable
        if not y.fixed and not y.can("stackable") and x != y and fits_on(x, y.links[""]) and not crowded(x, y)
    ]
    x, y = choose(pairs, stream, what="graspable object that fits on a support")
    return _task(x, y, placed(x, f"(on {x.name} {y.name})"), ("put", "on"), phrase(ON, stream, x=the(x), y=the(y)))


def _beside(pantry: Pantry, stream: np.random.Generator) -> TaskSpec:
    x = choose(pantry.graspable, stream, what="graspable object")
    others = [a for a in pantry.everything if not a.fixed and a != x and a.category != x.category and not crowded(a, x)]
    y = choose(others, stream, what="second object to stand beside")
    side = choose(tuple(SIDES), stream, what="side")
    relation = f"(near {x.name} {y.name}) ({SIDES[side]} {x.name} {y.name})"
    words = phrase(BESIDE, stream, x=the(x), y=the(y), side=side)
    return _task(x, y, f"(and {relation} (upright {x.name}) (not (holding {x.name})))", ("put", f"{side} of"), words)


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
        objects=(TABLE, fixture(y), manipuland(x)),
        initial=(f"(is_open {body})",),
        goal=f"(inside {x.name} {body})",
        horizon=HORIZON,
    )


def _task(x: AssetSpec, y: AssetSpec, goal: str, verb: tuple[str, str], instruction: str) -> TaskSpec:
    return TaskSpec(
        name=slug(verb[0], x.noun, verb[1], y.noun),
        family="pick_place",
        instruction=instruction,
        objects=(TABLE, manipuland(x), receptacle(y)),
        goal=goal,
        horizon=HORIZON,
    )
