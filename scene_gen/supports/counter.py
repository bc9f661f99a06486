"""counter: a kitchen counter with a cabinet of drawers standing at its back."""

from __future__ import annotations

from scene_gen.fixtures import cabinet_pose, table_pose, travel_zone
from scene_gen.link_frames import link_frames
from scene_gen.supports._furniture import Furniture, Room


def counter(room: Room) -> tuple[Furniture, ...]:
    """The counter, and the cabinet unless the task brings a fixture of its own."""
    top = room.catalog.asset("counter")
    base = Furniture("table", top, table_pose(top))
    if room.back_taken:
        return (base,)
    cabinet = room.catalog.asset("cabinet")
    frames = link_frames(cabinet, room.catalog)
    at = cabinet_pose(cabinet, room.stream, frames=frames, size=room.size)
    return base, Furniture("cabinet", cabinet, at, travel_zone(cabinet, at, frames))
