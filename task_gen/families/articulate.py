"""Articulate: open or close a drawer or door."""

from __future__ import annotations

import numpy as np

from pipeline.core.task import TaskSpec
from task_gen.compose import TABLE, choose, fixture
from task_gen.pantry import Pantry
from task_gen.words import either_way, its_part, link_noun, phrase, slug, tellings, the_link

OPEN = ("open {y}", "pull {y} open", "fully open {y}")
CLOSE = ("close {y}", "push {y} shut", "shut {y}")
OPEN_TOLD = either_way(
    "[get|make] {y} [stick out as far as it goes|wide open]",
    "[slide|draw] out {y} [to the stop|completely]",
    "{y} is closed, [so pull it out|which should change]",
    "[could you|would you] pull out {y}?",
    "[I need|I want] to look into {y}, so [draw|pull] it towards you",
    "grip the handle of {y} and [pull|draw]",
)
CLOSE_TOLD = either_way(
    "[slide|push] {y} [back in|all the way home]",
    "{y} sticks out, [so push it in|which should change]",
    "[could you|would you] get {y} out of the way by closing it?",
    "nothing [else|more] is needed from {y}; [push|slide] it in",
    "[somebody|someone] left {y} open, [shut it please|see to it]",
    "[make|have] {y} [flush with the front|closed] again",
)
HORIZON = 20.0  # s


def articulate(pantry: Pantry, stream: np.random.Generator, *, turn: int) -> TaskSpec:
    """Compose one task; ``turn`` alternates between opening and closing."""
    asset, link = choose(pantry.openable, stream, what="drawer or door")
    body, closing = f"{asset.name}/{link}", turn % 2 == 1
    return TaskSpec(
        name=slug("close" if closing else "open", link_noun(asset, link), "of", asset.noun),
        family="articulate",
        instruction=phrase(CLOSE if closing else OPEN, stream, y=the_link(asset, link)),
        paraphrases=tellings(
            CLOSE_TOLD if closing else OPEN_TOLD, stream, y=the_link(asset, link), its=its_part(asset, link)
        ),
        objects=(TABLE, fixture(asset)),
        initial=(f"(is_open {body})",) if closing else (f"(is_closed {body})",),
        goal=f"(is_closed {body})" if closing else f"(is_open {body})",
        horizon=HORIZON,
    )
