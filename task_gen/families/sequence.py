"""Sequence: open a closed drawer, then put something into it."""

from __future__ import annotations

import numpy as np

from pipeline.core.task import TaskSpec
from task_gen.compose import TABLE, choose, fixture, manipuland
from task_gen.pantry import Pantry, fits_inside, fits_under
from task_gen.words import either_way, its_part, link_noun, phrase, slug, tellings, the, the_link

TEMPLATES = ("open {y} and put {x} in it", "open {y}, then place {x} inside", "put {x} into {y}, which is closed")
TOLD = either_way(
    "{x} needs a place: {y} would do, once it is open",
    "[first|before anything else] get {y} open; [second|then] let {x} drop into it",
    "[reach for|go for] the handle of {y}, pull, and [leave|deposit] {x} in there",
    "after opening {y}, [lay|leave] {x} in it",
    "[pack|stow] {x} into {y} without shutting it again",
    "[pull|draw] out {y} and [drop|lay] {x} inside",
    "{x} [belongs|should go] in {y}, which you have to open first",
    "[make|get] {y} open, [after that|next] {x} goes into it",
    "{y} is shut: [pull it open|open it], then [fill it with|load] {x}",
    "[could you|would you] open {y} for {x} and put it there?",
    "[I want|I'd like] {x} to lie in {y}; it should stay open afterwards",
    "[bring|carry] {x} to {y} [once|as soon as] you have opened that",
)
HORIZON = 45.0  # s; opening takes about 12, placing about 12


def sequence(pantry: Pantry, stream: np.random.Generator, *, turn: int) -> TaskSpec:
    """Compose one task; ``turn`` is not needed: the drawers differ by the draw."""
    pairs = [
        (x, asset, link)
        for asset, link in pantry.openable
        for x in pantry.graspable
        if fits_inside(x, asset.links[link]) and fits_under(x, asset.links[link])
    ]
    x, asset, link = choose(pairs, stream, what="graspable object that fits into a drawer")
    body = f"{asset.name}/{link}"
    return TaskSpec(
        name=slug("put", x.noun, "in", link_noun(asset, link), "of", asset.noun),
        family="sequence",
        instruction=phrase(TEMPLATES, stream, x=the(x), y=the_link(asset, link)),
        paraphrases=tellings(TOLD, stream, x=the(x), y=the_link(asset, link), its=its_part(asset, link)),
        objects=(TABLE, fixture(asset), manipuland(x)),
        initial=(f"(is_closed {body})",),
        goal=f"(and (is_open {body}) (inside {x.name} {body}))",
        horizon=HORIZON,
    )
