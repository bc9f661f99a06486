"""How a joint moves its link, and a hand that goes with it, in every world of a batch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from demo_solvers.planning.arm import Array
from pipeline.core import poses
from pipeline.core.geometry import Joint
from pipeline.core.world import WorldState


@dataclass(frozen=True, eq=False)
class LinkMotion:
    """One link's joint as it stands now: position (batch,) m or rad; axis and a point of it (batch, 3) in the world."""

    body: str
    name: str
    joint: Joint
    position: Array
    axis: Array
    anchor: Array

    @staticmethod
    def of(state: WorldState, body: str) -> LinkMotion:
        """The joint that carries ``body``; raises :class:`UnknownNameError` for what no joint moves."""
        name = state.layout.joint_of_body(body)
        joint = state.layout.joint_specs[name]
        base = state.body(body.split("/")[0]).astype(float)
        axis = poses.quat_rotate(base[:, 3:], np.array(joint.axis))
        anchor = poses.transform_points(base, np.array([joint.anchor]))[:, 0]
        return LinkMotion(body, name, joint, state.joint_position(name).astype(float), axis, anchor)

    @property
    def turns(self) -> bool:
        """Whether the link turns rather than slides."""
        return self.joint.kind == "revolute"

    @property
    def travel(self) -> float:
        """The joint's whole travel, m or rad."""
        return self.joint.upper - self.joint.lower

    @property
    def unit(self) -> str:
        """What positions are measured in."""
        return "rad" if self.turns else "m"

    def at_share(self, share: float) -> float:
        """The position ``share`` of the travel from the closed or off end."""
        return self.joint.lower + (share if self.joint.opens == "upper" else 1.0 - share) * self.travel

    def share(self, position: Array) -> Array:
        """Which share of the travel from the closed or off end positions are at."""
        amount = position - self.joint.lower if self.joint.opens == "upper" else self.joint.upper - position
        return amount / self.travel

    def in_link(self, state: WorldState) -> tuple[Array, Array]:
        """Axis (3,) and a point of it (3,) in the link's own frame, rounded to be the same whoever is in the batch."""
        link = poses.inverse(state.body(self.body).astype(float)[:1])
        axis = poses.quat_rotate(link[:, 3:], self.axis[:1])
        return np.round(axis[0], 4), np.round(poses.transform_points(link, self.anchor[:1, None])[0, 0], 4)

    def carry(self, tool: Array, by: Array, rows: NDArray[np.intp], *, pivot: Array, tip: Array) -> Array:
        """Tool poses (k, points, 7) of hands at ``tool`` (k, 7) that go with the link by ``by`` (k, points).

        ``pivot`` (k,) is the share of a hinge's turn that the hand does not make: it turns about the point it touches
        with, ``tip`` (k,) m ahead of the tool point, instead.
        """
        axis = self.axis[rows][:, None]
        ahead = np.array([0.0, 0.0, 1.0]) * tip[:, None]
        touch = tool[:, :3] + poses.quat_rotate(tool[:, 3:], ahead)
        if not self.turns:
            shifted = tool[:, None, :3] + axis * by[..., None]
            return poses.pose(shifted, np.broadcast_to(tool[:, None, 3:], (*by.shape, 4)))
        arm = touch - self.anchor[rows]
        there = self.anchor[rows][:, None] + poses.quat_rotate(poses.quat_from_axis_angle(axis, by), arm[:, None])
        turn = poses.quat_from_axis_angle(axis, by * (1.0 - pivot[:, None]))
        quat = poses.quat_multiply(turn, tool[:, None, 3:])
        return poses.pose(there - poses.quat_rotate(quat, ahead[:, None]), quat)

    def vectors(self, vector: Array, by: Array, rows: NDArray[np.intp]) -> Array:
        """World directions (k, points, 3) of what is ``vector`` (k, 3) on the link now, after it moved by ``by``."""
        if not self.turns:
            return np.broadcast_to(vector[:, None], (*by.shape, 3))
        return poses.quat_rotate(poses.quat_from_axis_angle(self.axis[rows][:, None], by), vector[:, None])

    def moved(self, state: WorldState, by: Array) -> WorldState:
        """``state`` with the link moved by ``by`` (batch,), and nothing else."""
        column, pose = state.layout.body(self.body), state.pose.copy()
        rows = np.arange(len(pose))
        still = np.zeros(len(pose))
        now = pose[:, column].astype(float)
        pose[:, column] = self.carry(now, by[:, None], rows, pivot=still, tip=still)[:, 0]
        return replace(state, pose=pose)
