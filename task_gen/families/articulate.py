"""Articulate: open or close a drawer or door."""

from __future__ import annotations

import numpy as np

from pipeline.core.task import TaskSpec
from task_gen.compose import TABLE, choose, fixture
from task_gen.pantry import Pantry
from task_gen.words import link_noun, phrase, slug, the_link

OPEN = ("open {y}", "pull {y} open", "fully open {y}")
CLOSE = ("close {y}", "push {y} shut", "shut {y}")
HORIZON = 20.0  # s


def articulate(pantry: Pantry, stream: np.random.Generator, *, turn: int) -> TaskSpec:
    """Compose one task; ``turn`` alternates between opening and closing."""
    asset, link = choose(pantry.openable, stream, what="drawer or door")
    body, closing = f"{asset.name}/{link}", turn % 2 == 1
    return TaskSpec(
        name=slug("close" if closing else "open", link_noun(asset, link), "of", asset.noun),
        family="articulate",
        instruction=phrase(CLOSE if closing else OPEN, stream, y=the_link(asset, link)),
        objects=(TABLE, fixture(asset)),
        initial=(f"(is_open {body})",) if closing else (f"(is_closed {body})",),
        goal=f"(is_closed {body})" if closing else f"(is_open {body})",
        horizon=HORIZON,
    )
