"""Stow: put things into something that closes, or get them out of it, and leave it closed."""

from __future__ import annotations

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.task import TaskSpec
from task_gen.compose import TABLE, NothingToCompose, choose, conjoined, fixture, manipuland, several
from task_gen.pantry import Pantry, fit_together, fits_inside, fits_under
from task_gen.sense import belongs
from task_gen.words import either_way, its_part, link_noun, listed, phrase, slug, tellings, the, the_link

AWAY = ("put {x} away in {y} and close it again", "open {y}, put {x} inside and close it")
AWAY_TOLD = either_way(
    "{x} [should|must] be out of sight: open {y}, [pack|stow] [everything|all of it] away, close up",
    "[stow|store|stash] {x} in {y}, [which is closed now and has to be closed afterwards|leaving it closed as it was]",
    "[tidy up|clear the table] by [storing|stowing] {x} in {y}; it starts out closed and ends up closed",
    "[I'd like|I want] {x} kept behind closed doors, that is [inside|within] {y}",
    "[find|make] room in {y} for {x}, and do not forget to shut it [after opening it|at the end]",
    "[could you|would you] clear away {x}, which means to open {y}, fill it, then close it?",
    "unlatch {y}, [load it with|let it take in] {x}, and [seal|shut] it once more",
    "{y} is the [place|home] for {x}: open, [fill|load], close",
    "not on the table but in {y}, closed, is where I want {x}",
)
CLOSE_IN = ("put {x} in {y} and close it", "put {x} into {y}, then shut it")
CLOSE_IN_TOLD = either_way(
    "{y} stands open; [drop|lay|leave] {x} in there and [push|swing] it shut",
    "[shut|close] {y}, but [not before|only after] you have put {x} inside",
    "[pack|store] {x} in {y}, [now open|which stands open], and [leave|have] it closed [in the end|when done]",
    "[get|bring] {x} from the table into {y} and close up [after that|behind it]",
    "[could you|would you] stash {x} in {y} and close it for me?",
    "[load|fill] {y}, open as it is, with {x}; [closing|shutting] it [finishes|ends] the job",
    "[hide|enclose] {x}: {y} is open, so load it and [push|move] it closed",
)
OUT = ("get {x} out of {y} and close it again", "open {y}, put {x} on the table and close it")
OUT_TOLD = either_way(
    "[I need|I want] {x} here on the table; look in {y}, and close that [again|afterwards]",
    "[unload|empty] {y}: {x} goes to the table, and it ends up closed",
    "[fetch|bring] {x} from inside {y} to the table, [then shut it|shutting it afterwards]",
    "inside {y} there is {x}; have that on the table and {y} closed",
    "[could you|would you] open {y}, hand out {x} to the table and close up?",
    "{x} must not stay in {y}: onto the table with it, then [shut|close] what you opened",
)
HORIZON = 18.0  # s a thing that is moved


def stow(pantry: Pantry, stream: np.random.Generator, *, turn: int) -> TaskSpec:
    """Compose one task; ``turn`` cycles through away (one to four things), into what is open, and out of it."""
    asset, holder, lid = choose(pantry.closets, stream, what="closet, drawer or box that closes")
    kind = ("away", "into", "out")[turn % 3]
    things = _things(pantry, asset, holder, 1 if kind == "out" else 1 + turn // 3 % 4, stream)
    inside = asset.name if not holder else f"{asset.name}/{holder}"
    shut, opened = f"(is_closed {asset.name}/{lid})", f"(is_open {asset.name}/{lid})"
    contained = [f"(inside {x.name} {inside})" for x in things]
    plain, told = {"away": (AWAY, AWAY_TOLD), "into": (CLOSE_IN, CLOSE_IN_TOLD), "out": (OUT, OUT_TOLD)}[kind]
    names = {
        "x": listed([the(x) for x in things]),
        "y": the_link(asset, holder) if holder else the(asset),
        "its": its_part(asset, holder) if holder else the(asset),
    }
    end = [f"(on {x.name} table)" for x in things] if kind == "out" else contained
    where = f"{link_noun(asset, holder)} of {asset.noun}" if holder else asset.noun
    verb = {"away": ("stow", "in"), "into": ("close", "in open"), "out": ("get", "out of")}[kind]
    return TaskSpec(
        name=slug(verb[0], *(x.noun for x in things), verb[1], where),
        family="stow",
        instruction=phrase(plain, stream, **names),
        paraphrases=tellings(told, stream, **names),
        objects=(TABLE, fixture(asset), *map(manipuland, things)),
        initial={"away": (shut,), "into": (opened,), "out": (*contained, shut)}[kind],
        goal=conjoined([*end, shut]),
        horizon=HORIZON * (len(things) + (1 if kind == "into" else 2)),
    )


def _things(
    pantry: Pantry, asset: AssetSpec, holder: str, count: int, stream: np.random.Generator
) -> tuple[AssetSpec, ...]:
    """Graspable objects that find room in the closet together and let it close."""
    shape = asset.links[holder]
    small = [x for x in pantry.graspable if belongs(x, asset) and fits_inside(x, shape) and fits_under(x, shape)]
    things = several(small, count, stream, what=f"graspable objects for {the(asset)}")
    if shape.cavity is None or not fit_together(things, shape.cavity):
        raise NothingToCompose(f"{listed([the(x) for x in things])} do not fit into {the(asset)} together.")
    return tuple(sorted(things, key=lambda x: x.name))
