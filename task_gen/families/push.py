"""Push: an object that the gripper cannot take, into a painted region."""

from __future__ import annotations

import numpy as np

from pipeline.core.task import TaskSpec
from task_gen.compose import TABLE, choose, manipuland, region
from task_gen.pantry import Pantry, fits_region
from task_gen.words import phrase, slug, the

TEMPLATES = ("push {x} into {y}", "slide {x} onto {y}", "push {x} until it is in {y}")
HORIZON = 20.0  # s


def push(pantry: Pantry, stream: np.random.Generator, *, turn: int) -> TaskSpec:
    """Compose one task; ``turn`` is not needed: object and region differ by the draw."""
    pairs = [(x, y) for x in pantry.pushable for y in pantry.having("region") if fits_region(x, y)]
    x, y = choose(pairs, stream, what="pushable object, too wide for the gripper, that fits into a region")
    return TaskSpec(
        name=slug("push", x.noun, "into", y.noun),
        family="push",
        instruction=phrase(TEMPLATES, stream, x=the(x), y=the(y)),
        objects=(TABLE, manipuland(x), region(y)),
        goal=f"(within {x.name} {y.name})",
        horizon=HORIZON,
    )
