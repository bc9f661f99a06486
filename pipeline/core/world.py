"""WorldState and WorldTrace: what a batch of worlds is in, now or at every control step."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pipeline.core.layout import SceneLayout

F32 = NDArray[np.float32]
Bools = NDArray[np.bool_]
Actions = F32
"""(time, batch, dof): arm joint targets [rad] and gripper opening width [m], at the control rate."""
PARTS = ("arm", "hand")
"""Rows of :attr:`WorldState.force`: all links up to the hands, and the hands (palm and fingers) of all arms."""
ARM, HAND = 0, 1


@dataclass(frozen=True, eq=False)
class WorldState:
    """State of a batch of worlds, SI units, world frame, quaternions (w, x, y, z)."""

    layout: SceneLayout
    pose: F32  # (batch, bodies, 7)  m
    velocity: F32  # (batch, bodies, 6)  m/s, rad/s; linear velocity of the body origin
    joint: F32  # (batch, joints)  m or rad
    joint_velocity: F32  # (batch, joints)
    qpos: F32  # (batch, dof)  arm [rad], gripper width [m]
    qvel: F32  # (batch, dof)
    tcp: F32  # (batch, 7)  T_world_tool
    contact: Bools  # (batch, bodies, bodies)  symmetric
    force: F32
    """(batch, parts, bodies)  N, the net contact force (the length of the vector sum, friction included) between a part
    of the robot (see ``PARTS``) and each body in the control step that led here, 0 at a reset: what a force sensor
    would feel. A squeeze between two fingers cancels. The backend says which of its physics steps it looks at."""

    def __len__(self) -> int:
        return len(self.qpos)

    def body(self, name: str) -> F32:
        """Poses (batch, 7) of one body."""
        return self.pose[:, self.layout.body(name)]

    def speed(self, name: str) -> F32:
        """Linear speed (batch,) m/s of one body."""
        return np.linalg.norm(self.velocity[:, self.layout.body(name), :3], axis=-1)

    def joint_position(self, name: str) -> F32:
        """Positions (batch,) of one joint."""
        return self.joint[:, self.layout.joint(name)]

    def touching(self, a: str, b: str) -> Bools:
        """Whether two bodies touch, (batch,)."""
        return self.contact[:, self.layout.body(a), self.layout.body(b)]

    def rows(self, index: NDArray[np.integer] | Bools | slice) -> WorldState:
        """The sub-batch ``index``."""
        return WorldState(self.layout, *(getattr(self, f.name)[index] for f in fields(self)[1:]))

    @staticmethod
    def stack(states: list[WorldState]) -> WorldState:
        """Concatenate along the batch axis."""
        names = [f.name for f in fields(WorldState)[1:]]
        return WorldState(states[0].layout, *(np.concatenate([getattr(s, n) for s in states]) for n in names))


def no_forces(batch: int, layout: SceneLayout) -> F32:
    """:attr:`WorldState.force` of worlds in which nothing presses."""
    return np.zeros((batch, len(PARTS), len(layout.bodies)), np.float32)


@dataclass(frozen=True, eq=False)
class WorldTrace:
    """States after each of ``time`` control steps of ``batch`` worlds; ``flat`` holds (time * batch) rows."""

    time: int
    batch: int
    flat: WorldState

    @staticmethod
    def of(states: list[WorldState]) -> WorldTrace:
        """A trace of successive states."""
        return WorldTrace(len(states), len(states[0]), WorldState.stack(states))

    def at(self, t: int) -> WorldState:
        """The batch at step ``t`` (negative counts from the end)."""
        t = t % self.time
        return self.flat.rows(slice(t * self.batch, (t + 1) * self.batch))

    def row(self, b: int) -> WorldState:
        """One world over time: a state whose batch axis is time."""
        return self.flat.rows(slice(b, None, self.batch))

    @staticmethod
    def concatenate(traces: list[WorldTrace]) -> WorldTrace:
        """Traces one after the other in time."""
        return WorldTrace(sum(t.time for t in traces), traces[0].batch, WorldState.stack([t.flat for t in traces]))


@dataclass(frozen=True, eq=False)
class Frames:
    """Images of one camera for a batch of worlds; what was not asked for is None."""

    rgb: NDArray[np.uint8] | None = None  # (batch, height, width, 3)
    depth: F32 | None = None  # (batch, height, width)  m along the optical axis, 0 = nothing hit
    segmentation: NDArray[np.int16] | None = None  # (batch, height, width)  body column, -1 = background
    pose: F32 | None = None  # (batch, 7)  T_world_camera, OpenCV convention
    points: F32 | None = None  # (batch, height, width, 3)  world frame; NaN where nothing was hit
