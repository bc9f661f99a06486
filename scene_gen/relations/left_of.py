"""``(left_of a b)``: to the left of ``b`` (+y)."""

from __future__ import annotations

import numpy as np

from pipeline.core.goal import Atom
from scene_gen.arrangement import Arrangement
from scene_gen.choice import Choice
from scene_gen.relations._beside import beside


def left_of(choice: Choice, atom: Atom, arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    """A place to the left of ``b`` (+y), on the surface that ``b`` stands on."""
    return beside(choice, atom.args[1], arrangement, stream, heading=np.pi / 2)
