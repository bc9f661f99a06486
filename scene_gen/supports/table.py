"""table: one wooden table, as plain as it gets."""

from __future__ import annotations

from scene_gen.fixtures import table_pose
from scene_gen.supports._furniture import Furniture, Room


def table(room: Room) -> tuple[Furniture, ...]:
    """The table alone."""
    asset = room.catalog.asset("table")
    return (Furniture("table", asset, table_pose(asset)),)
