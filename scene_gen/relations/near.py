"""``(near a b)``: next to ``b``, at any side of it."""

from __future__ import annotations

import numpy as np

from pipeline.core.goal import Atom
from scene_gen.arrangement import Arrangement
from scene_gen.choice import Choice
from scene_gen.relations._beside import beside


def near(choice: Choice, atom: Atom, arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    """A place next to ``b``, at any side of it, on the surface that ``b`` stands on."""
    return beside(choice, atom.args[1], arrangement, stream)
