"""``(upright a)``: as it was made to stand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.core.goal import Atom
from scene_gen.arrangement import Arrangement
from scene_gen.choice import Choice


def upright(choice: Choice, atom: Atom, arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    """The card's own frame: z up."""
    return replace(choice, turn=(1.0, 0.0, 0.0, 0.0), rest=None)
