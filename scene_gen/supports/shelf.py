"""shelf: the table with a low shelf across its back, on which things stand as well."""

from __future__ import annotations

import numpy as np

from pipeline.core.poses import pose, quat_from_yaw
from scene_gen.fixtures import travel_zone
from scene_gen.footprint import bottom
from scene_gen.supports._furniture import Furniture, Room
from scene_gen.supports.table import table

FRONT = (0.52, 0.55)  # m from a Panda's base: the shelf's top is then in reach
SIDE, TURN = 0.05, float(np.deg2rad(4.0))  # m, rad


def shelf(room: Room) -> tuple[Furniture, ...]:
    """The table, and the shelf unless the task brings a fixture of its own."""
    if room.back_taken:
        return table(room)
    asset = room.catalog.asset("shelf")
    depth = asset.links[""].bounds.half[0]
    x, y = room.stream.uniform(*FRONT) * room.size + depth, room.stream.uniform(-SIDE, SIDE)
    at = pose((x, y, -bottom(asset.links[""])), quat_from_yaw(room.stream.uniform(-TURN, TURN)))
    return (*table(room), Furniture("shelf", asset, at, travel_zone(asset, at, {})))
