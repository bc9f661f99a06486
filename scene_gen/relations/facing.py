"""``(facing a)``: the front of ``a`` turned to the robot's side of the table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.core.doors import Unplaceable
from pipeline.core.goal import Atom
from scene_gen.arrangement import Arrangement
from scene_gen.choice import Choice

TURN = float(np.deg2rad(22.5))  # to either side, as far as RLBench turns what has a front; the predicate allows 30


def facing(choice: Choice, atom: Atom, arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    """A heading that turns the card's axis ``front`` to -x; raises :class:`Unplaceable` without such an axis."""
    front = choice.asset.links[""].axes.get("front")
    if front is None:
        raise Unplaceable(f"{atom}: the card of {atom.args[0]!r} says of no side that it is its front.")
    away = float(np.arctan2(front[1], front[0]))
    return replace(choice, yaw=np.pi - away + float(stream.uniform(-TURN, TURN)))
