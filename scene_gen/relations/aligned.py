"""``(aligned a b)``: the longer horizontal sides parallel, within a few degrees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.core.goal import Atom
from scene_gen.arrangement import Arrangement
from scene_gen.choice import Choice
from scene_gen.footprint import Rectangle

WOBBLE = float(np.deg2rad(5.0))  # half of what the predicate allows


def aligned(choice: Choice, atom: Atom, arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    """``b``'s heading, either way round, ``a``'s place still open."""
    other = arrangement.footprint(atom.args[1].partition("/")[0])
    own = Rectangle(0.0, 0.0, choice.heading, *choice.extent)
    yaw = _along(other) - _along(own) + np.pi * stream.integers(2) + stream.uniform(-WOBBLE, WOBBLE)
    return replace(choice, yaw=float(yaw))


def _along(rectangle: Rectangle) -> float:
    """Heading [rad] of the longer side."""
    return rectangle.yaw + (np.pi / 2 if rectangle.half_y > rectangle.half_x else 0.0)
