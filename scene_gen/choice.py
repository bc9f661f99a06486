"""Choice: where and how one object is going to stand, filled in bit by bit by the relations about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.goal import Atom
from pipeline.core.poses import Array, pose, quat_from_yaw, quat_multiply, quat_rotate
from scene_gen.arrangement import Arrangement
from scene_gen.footprint import box_footprint
from scene_gen.workspace import DROP

Quat = tuple[float, float, float, float]


@dataclass(frozen=True)
class Choice:
    """What has been chosen so far for one try; None is still open.

    ``turn`` (w, x, y, z) takes the body's frame to the side it rests on, before its heading ``yaw`` [rad] is added;
    ``rest`` [m] is the height of the body's origin above the surface then. ``xy`` [m] is where the centre of the
    bounds goes, ``height`` [m] the surface under it. Things that stand on their own keep ``clearance`` [m] to others.
    """

    name: str
    asset: AssetSpec
    tried: int = 0
    turn: Quat = (1.0, 0.0, 0.0, 0.0)
    rest: float | None = None
    yaw: float | None = None
    xy: tuple[float, float] | None = None
    height: float | None = None
    lift: float = DROP
    clearance: float = DROP

    def pose(self) -> Array:
        """``T_world_base`` (7,); what is still open is 0."""
        quat = quat_multiply(quat_from_yaw(self.yaw or 0.0), self.turn)
        centre = quat_rotate(quat, self.asset.links[""].bounds.pose[:3])
        rest = -self.lowest if self.rest is None else self.rest
        x, y = np.subtract(self.xy or (0.0, 0.0), centre[:2])
        return pose((x, y, (self.height or 0.0) + self.lift + rest), quat)

    @property
    def lowest(self) -> float:
        """Height [m] of the turned bounds' lowest corner over the body's origin."""
        return box_footprint(self.asset.links[""].bounds, (0.0, 0.0, 0.0, *self.turn)).low

    @property
    def extent(self) -> tuple[float, float]:
        """Half sizes [m] of the turned bounds along and across :attr:`heading`."""
        turned = box_footprint(self.asset.links[""].bounds, (0.0, 0.0, 0.0, *self.turn))
        return turned.half_x, turned.half_y

    @property
    def heading(self) -> float:
        """Heading [rad] of the first horizontal side of the turned bounds before ``yaw`` is added."""
        return box_footprint(self.asset.links[""].bounds, (0.0, 0.0, 0.0, *self.turn)).yaw


Sampler = Callable[[Choice, Atom, Arrangement, np.random.Generator], Choice]
"""A relation's generative twin: narrows a choice for the atom's first argument; everything else stands already."""
