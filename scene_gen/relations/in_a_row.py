"""``(in_a_row a b c)``: as far from ``b`` as ``c`` is, on the other side of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.core.doors import Unplaceable
from pipeline.core.goal import Atom
from scene_gen.arrangement import Arrangement
from scene_gen.choice import Choice

JITTER = 0.008  # m off the exact place, well within the predicate's 2 cm and quarter of the spacing


def in_a_row(choice: Choice, atom: Atom, arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    """The place that continues the row from ``c`` over ``b``, on the surface that ``b`` stands on."""
    if choice.xy is not None:
        return choice
    middle, last = (arrangement.box_pose(b, arrangement.geometry(b).bounds)[:2] for b in atom.args[1:])
    surface = arrangement.ground(atom.args[1])
    if surface is None:
        raise Unplaceable(f"{atom}: {atom.args[1]!r} stands on nothing that a row could stand on.")
    at = 2 * middle - last + stream.uniform(-JITTER, JITTER, 2)
    yaw = float(stream.uniform(-np.pi, np.pi)) if choice.yaw is None else choice.yaw
    return replace(choice, xy=(float(at[0]), float(at[1])), yaw=yaw, height=surface.height)
