"""Places on an area of a carrier: what ``on``, ``inside`` and ``within`` share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.core.geometry import Box
from pipeline.core.poses import compose, pose, yaw_of
from scene_gen.choice import Choice

INNER = 0.6  # of an area's half sizes: what rests further out may tip over the edge


def land(
    choice: Choice,
    frame: np.ndarray,
    area: Box,
    stream: np.random.Generator,
    *,
    middle_first: bool,
    turned: bool = False,
) -> Choice:
    """The choice over ``area``, whose middle is at ``frame`` (7,): its middle on the first try, then its inner part.

    Things take their carrier's heading, or with ``turned`` lie across it.
    """
    if choice.xy is not None:
        return choice
    reach = INNER * np.array(area.half[:2])
    offset = np.zeros(2) if middle_first and not choice.tried else stream.uniform(-reach, reach)
    spot = compose(frame, pose((*offset, 0.0)))
    heading = float(yaw_of(frame[3:])) - choice.heading + (np.pi / 2 if turned else 0.0)
    yaw = heading if choice.yaw is None else choice.yaw
    return replace(choice, xy=(float(spot[0]), float(spot[1])), yaw=yaw)
