"""``(in_front_of a b)``: on the robot's side of ``b`` (-x)."""

from __future__ import annotations

import numpy as np

from pipeline.core.goal import Atom
from scene_gen.arrangement import Arrangement
from scene_gen.choice import Choice
from scene_gen.relations._beside import beside


def in_front_of(choice: Choice, atom: Atom, arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    """A place on the robot's side of ``b`` (-x), on the surface that ``b`` stands on."""
    return beside(choice, atom.args[1], arrangement, stream, heading=np.pi)
