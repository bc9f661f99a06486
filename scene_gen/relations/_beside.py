"""Places beside another body, on the surface that it stands on: what ``near`` and the directions share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.core.doors import Unplaceable
from scene_gen.arrangement import Arrangement
from scene_gen.choice import Choice

APART = (0.03, 0.08)  # m between the mean radii, so well within what ``near`` calls near
SPREAD = 0.35  # rad to either side of a direction, whose predicate allows 45 degrees


def beside(
    choice: Choice,
    target: str,
    arrangement: Arrangement,
    stream: np.random.Generator,
    *,
    heading: float | None = None,
) -> Choice:
    """The choice next to ``target``, to the side of it that ``heading`` [rad] names or to any side."""
    if choice.xy is not None:
        return choice
    surface = arrangement.ground(target)
    if surface is None:
        raise Unplaceable(f"{target!r} stands on nothing that {choice.name!r} could stand on beside it.")
    bounds = arrangement.geometry(target).bounds
    middle = arrangement.box_pose(target, bounds)[:2]
    reach = float(np.mean(bounds.half[:2])) + float(np.mean(choice.extent))
    spread = (-np.pi, np.pi) if heading is None else (heading - SPREAD, heading + SPREAD)
    angle, apart = stream.uniform(*spread), stream.uniform(*APART)
    at = middle + (reach + apart) * np.array([np.cos(angle), np.sin(angle)])
    yaw = float(stream.uniform(-np.pi, np.pi)) if choice.yaw is None else choice.yaw
    return replace(choice, xy=(float(at[0]), float(at[1])), yaw=yaw, height=surface.height)
