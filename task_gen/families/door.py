"""Door: open or close a door, lid or flap that swings on a hinge."""

from __future__ import annotations

import numpy as np

from pipeline.core.task import TaskSpec
from task_gen.compose import TABLE, choose, fixture
from task_gen.pantry import Pantry
from task_gen.words import either_way, its_part, link_noun, phrase, slug, tellings, the, the_link

OPEN = ("open {y}", "swing {y} open", "pull {y} open")
CLOSE = ("close {y}", "swing {y} shut", "push {y} shut")
OPEN_TOLD = either_way(
    "[get|make] {a} [open|wide open]",
    "{a} is closed, [so open it|please open it up]",
    "[I need|I want] to [look|reach] into {a}, so open its {door} [for me|]",
    "grip the handle and [swing|pull] {y} [all the way|] open",
    "the {door} is [shut|closed]; leave {a} standing open",
    "[do not leave|don't leave] {y} closed",
    "[could you|would you|can you] open up {a}?",
    "[move|bring] {y} from closed to open",
)
CLOSE_TOLD = either_way(
    "[get|make] {a} [closed|closed up]",
    "{a} [is|was left] open, [so close it|please close it again]",
    "[somebody|someone] forgot to shut {y}; [do it now|take care of that]",
    "[push|swing] {y} [back|] until it is shut",
    "nothing more is needed from {a}, so [shut|close] its {door}",
    "[do not leave|don't leave] {y} open",
    "[could you|would you|can you] close up {a}?",
    "[move|bring] {y} from open to closed",
)
HORIZON = 20.0  # s


def door(pantry: Pantry, stream: np.random.Generator, *, turn: int) -> TaskSpec:
    """Compose one task; ``turn`` alternates between opening, which takes a handle, and closing."""
    closing = turn % 2 == 1
    doors = [(a, link) for a, link in pantry.doors if closing or a.links[link].grasps]
    asset, link = choose(doors, stream, what="door or lid")
    body, names = f"{asset.name}/{link}", {"y": the_link(asset, link), "a": the(asset)}
    return TaskSpec(
        name=slug("close" if closing else "open", link_noun(asset, link), "of", asset.noun),
        family="door",
        instruction=phrase(CLOSE if closing else OPEN, stream, **names),
        paraphrases=tellings(
            CLOSE_TOLD if closing else OPEN_TOLD,
            stream,
            door=link_noun(asset, link),
            its=its_part(asset, link),
            **names,
        ),
        objects=(TABLE, fixture(asset)),
        initial=(f"(is_open {body})",) if closing else (f"(is_closed {body})",),
        goal=f"(is_closed {body})" if closing else f"(is_open {body})",
        horizon=HORIZON,
    )
