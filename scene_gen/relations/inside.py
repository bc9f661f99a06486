"""``(inside a b)``: over the floor of ``b``'s cavity, such as a bowl's or a drawer's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.core.doors import Unplaceable
from pipeline.core.geometry import Box
from pipeline.core.goal import Atom
from scene_gen.arrangement import Arrangement
from scene_gen.choice import Choice
from scene_gen.relations._landing import INNER, land

INTO = 0.010  # m above the floor: curved bowls carry higher than their deepest point
WALL = 0.004  # m to the walls


def inside(choice: Choice, atom: Atom, arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    """A place in ``b``'s cavity that keeps off the walls, turned by a quarter where the thing fits only so.

    Raises :class:`Unplaceable` when ``b`` has no cavity.
    """
    cavity = arrangement.geometry(atom.args[1]).cavity
    if cavity is None:
        raise Unplaceable(f"{atom}: {atom.args[1]!r} has no cavity.")
    frame = arrangement.box_pose(atom.args[1], cavity)
    along, across = choice.extent
    straight, askew = (bool((np.add(e, WALL) <= cavity.half[:2]).all()) for e in ((along, across), (across, along)))
    turned = askew if straight != askew else bool(choice.tried % 2)
    extent = (across, along) if turned else (along, across)
    room = np.clip(np.array(cavity.half[:2]) - extent - WALL, 0.0, INNER * np.array(cavity.half[:2]))
    inner = Box(pose=cavity.pose, half=(float(room[0] / INNER), float(room[1] / INNER), cavity.half[2]))
    chosen = land(choice, frame, inner, stream, middle_first=True, turned=turned)
    return replace(chosen, height=float(frame[2] - cavity.half[2]), lift=INTO)
