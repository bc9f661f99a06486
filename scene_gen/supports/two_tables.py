"""two_tables: the robot's table moved aside, and a smaller one of another height on its other side."""

from __future__ import annotations

import numpy as np

from pipeline.core.poses import pose, quat_from_yaw
from scene_gen.fixtures import table_pose
from scene_gen.supports._furniture import Furniture, Room

EDGE = 0.24  # m from the robot's base to the edge of its table
GAP = 0.03  # m between the tables
STEP = (-0.08, 0.06)  # m from the first table's top to the second's
ALONG = (0.20, 0.35)  # m from the base to the second table's middle, forwards


def two_tables(room: Room) -> tuple[Furniture, ...]:
    """The table, ending on the robot's left, and the side table beyond."""
    first, second = room.catalog.asset("table"), room.catalog.asset("side_table")
    support, bounds = first.links[""].bounds, second.links[""].bounds
    edge = EDGE * room.size
    aside = edge - (support.pose[1] + support.half[1])
    x = room.stream.uniform(*ALONG) * room.size
    y = edge + GAP + bounds.half[1]
    height = room.stream.uniform(*STEP) - (bounds.pose[2] + bounds.half[2])
    quat = quat_from_yaw(np.pi * room.stream.integers(2))
    return (
        Furniture("table", first, table_pose(first, aside=aside)),
        Furniture("side_table", second, pose((x, y, height), quat)),
    )
