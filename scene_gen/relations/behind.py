"""``(behind a b)``: on the far side of ``b`` (+x)."""

from __future__ import annotations

import numpy as np

from pipeline.core.goal import Atom
from scene_gen.arrangement import Arrangement
from scene_gen.choice import Choice
from scene_gen.relations._beside import beside


def behind(choice: Choice, atom: Atom, arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    """A place on the far side of ``b`` (+x), on the surface that ``b`` stands on."""
    return beside(choice, atom.args[1], arrangement, stream, heading=0.0)
