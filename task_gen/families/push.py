"""Push: an object that the gripper cannot take, into a painted region."""

from __future__ import annotations

import numpy as np

from pipeline.core.task import TaskSpec
from task_gen.compose import TABLE, choose, manipuland, region
from task_gen.pantry import Pantry, fits_region
from task_gen.words import phrase, slug, tellings, the

TEMPLATES = ("push {x} into {y}", "slide {x} onto {y}", "push {x} until it is in {y}")
TOLD = (
    "[shove|move] {x} across the table [until|so that] {y} has it",
    "without lifting it, get {x} [into|inside] {y}",
    "{x} [should end up|belongs] inside {y}; [slide|push] it there",
    "{y} is where {x} goes, [pushed|slid] along the table [top|]",
    "[could you|would you] nudge {x} over to {y}?",
    "[keep|leave] {x} on the table and [push|shove] it into {y}",
    "too big to grasp: [slide|push] {x} to {y} instead",
)
HORIZON = 20.0  # s


def push(pantry: Pantry, stream: np.random.Generator, *, turn: int) -> TaskSpec:
    """Compose one task; ``turn`` is not needed: object and region differ by the draw."""
    pairs = [(x, y) for x in pantry.pushable for y in pantry.having("region") if fits_region(x, y)]
    x, y = choose(pairs, stream, what="pushable object, too wide for the gripper, that fits into a region")
    return TaskSpec(
        name=slug("push", x.noun, "into", y.noun),
        family="push",
        instruction=phrase(TEMPLATES, stream, x=the(x), y=the(y)),
        paraphrases=tellings(TOLD, stream, x=the(x), y=the(y)),
        objects=(TABLE, manipuland(x), region(y)),
        goal=f"(within {x.name} {y.name})",
        horizon=HORIZON,
    )
