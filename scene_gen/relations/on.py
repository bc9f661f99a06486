"""``(on a b)``: near the middle of ``b``'s support area; on a table anywhere that is free and in reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.core.doors import Unplaceable
from pipeline.core.geometry import Box
from pipeline.core.goal import Atom
from scene_gen.arrangement import Arrangement
from scene_gen.choice import Choice
from scene_gen.relations._landing import land
from scene_gen.workspace import CLEARANCE, sampling_range


def on(choice: Choice, atom: Atom, arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    """A place on ``b``; a place that another relation has chosen is kept, and so is a heading.

    Raises :class:`Unplaceable` when ``b`` has no support area.
    """
    surface = next((s for s in arrangement.surfaces() if s.body == atom.args[1]), None)
    if surface is None:
        area = arrangement.geometry(atom.args[1]).support
        if area is None:
            raise Unplaceable(f"{atom}: {atom.args[1]!r} has no flat area to stand on.")
        frame = arrangement.box_pose(atom.args[1], area)
        # Across its carrier if it fits only so: what reaches over the rim of a plate rests on the rim.
        along, across = choice.extent
        turned = _fits((across, along), area) > _fits((along, across), area)
        chosen = land(choice, frame, area, stream, middle_first=True, turned=turned)
        return replace(chosen, height=float(frame[2] + area.half[2]))
    if choice.xy is None:
        low, high = sampling_range(surface, arrangement.workspace)
        x, y = stream.uniform(np.minimum(low, high), np.maximum(low, high))
        choice = replace(choice, xy=(float(x), float(y)), clearance=CLEARANCE)
    yaw = float(stream.uniform(-np.pi, np.pi)) if choice.yaw is None else choice.yaw
    return replace(choice, yaw=yaw, height=surface.height)


def _fits(extent: tuple[float, float], area: Box) -> bool:
    return extent[0] <= area.half[0] and extent[1] <= area.half[1]
