"""RewardState: what rewards see of a batch of worlds, as torch tensors on one device."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from pipeline.core.robot import RobotSpec
from pipeline.core.world import WorldState

if TYPE_CHECKING:
    import torch
    from torch import Tensor

ACTIONS = 3  # actions that are kept: the present one, the one before it, and the one before that


@dataclass(frozen=True, eq=False)
class RewardState:
    """Batch first, SI units, world frame, quaternions (w, x, y, z); columns as in the scene's ``SceneLayout``.

    A simulator on a GPU fills it from its own tensors; :meth:`of` makes one from a ``WorldState``.
    """

    tool: Tensor  # (batch, 7)  T_world_tool
    pose: Tensor  # (batch, bodies, 7)
    velocity: Tensor  # (batch, bodies, 6)  m/s, rad/s
    joint: Tensor  # (batch, joints)  m or rad
    joint_velocity: Tensor  # (batch, joints)
    qpos: Tensor  # (batch, dof)
    qvel: Tensor  # (batch, dof)
    width: Tensor  # (batch,)  m, opening of the gripper
    contact: Tensor  # (batch, bodies, bodies)  bool, symmetric
    force: Tensor  # (batch, parts, bodies)  N, as in ``WorldState.force``
    actions: Tensor  # (batch, 3, action)  the present action first, then the two before it; [-1, 1] a component
    elapsed: Tensor  # (batch,)  share of the horizon that is over, [0, 1]

    def __len__(self) -> int:
        return len(self.tool)

    def rows(self, index: Tensor | slice) -> RewardState:
        """The sub-batch ``index``."""
        return RewardState(*(getattr(self, f.name)[index] for f in fields(self)))

    @staticmethod
    def of(
        world: WorldState,
        robot: RobotSpec,
        *,
        actions: Tensor | None = None,
        elapsed: Tensor | None = None,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
    ) -> RewardState:
        """The same worlds as tensors; actions and elapsed time are 0 where they are not given."""
        import torch

        kept = dtype or torch.float32

        def moved(array: np.ndarray) -> Tensor:
            return torch.as_tensor(array.astype(float)).to(device=device, dtype=kept)

        batch, column = len(world), robot.width_column
        none = torch.zeros((batch, ACTIONS, robot.dof), device=device, dtype=kept)
        return RewardState(
            tool=moved(world.tcp),
            pose=moved(world.pose),
            velocity=moved(world.velocity),
            joint=moved(world.joint),
            joint_velocity=moved(world.joint_velocity),
            qpos=moved(world.qpos),
            qvel=moved(world.qvel),
            width=moved(world.qpos[:, column]),
            contact=torch.as_tensor(world.contact.copy(), device=device),
            force=moved(world.force),
            actions=none if actions is None else actions.to(device=device, dtype=kept),
            elapsed=none[:, 0, 0] if elapsed is None else elapsed.to(device=device, dtype=kept),
        )
