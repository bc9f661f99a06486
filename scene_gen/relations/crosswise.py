"""``(crosswise a b)``: the longer horizontal sides at right angles, within a few degrees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.core.goal import Atom
from scene_gen.arrangement import Arrangement
from scene_gen.choice import Choice
from scene_gen.relations.aligned import aligned


def crosswise(choice: Choice, atom: Atom, arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    """Across ``b``'s heading, either way round, ``a``'s place still open."""
    along = aligned(choice, atom, arrangement, stream)
    return replace(along, yaw=(along.yaw or 0.0) + np.pi / 2)
