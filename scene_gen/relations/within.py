"""``(within a region)``: anywhere in the inner part of a painted region."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.core.goal import Atom
from scene_gen.arrangement import Arrangement
from scene_gen.choice import Choice
from scene_gen.relations._landing import land


def within(choice: Choice, atom: Atom, arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    """A random place in the region, with the region's heading unless another is chosen."""
    shape = arrangement.geometry(atom.args[1])
    area = shape.support or shape.bounds
    frame = arrangement.box_pose(atom.args[1], area)
    chosen = land(choice, frame, area, stream, middle_first=False)
    return replace(chosen, height=float(frame[2] + area.half[2]))
