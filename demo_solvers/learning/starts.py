"""Starts: the states in which a stage of a program begins, as scenes to practise from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.core.poses import quat_normalize
from pipeline.core.scene import Placement, SceneSpec
from pipeline.core.world import WorldState


def starts_of(
    scenes: Sequence[SceneSpec], state: WorldState, command: NDArray[np.floating], rows: Sequence[int]
) -> list[SceneSpec]:
    """The worlds ``rows`` of ``state`` as scenes whose initial states they are.

    ``command`` (batch, dof) is what the arm was last commanded to, where it is put. What moves or is held in the hand
    begins at rest, so starts are to be taken when everything is still.
    """
    return [
        scenes[row].model_copy(
            update={
                "robot_start": tuple(float(v) for v in command[row]),
                "placements": tuple(_placed(placement, state, row) for placement in scenes[row].placements),
            }
        )
        for row in rows
    ]


def _placed(placement: Placement, state: WorldState, row: int) -> Placement:
    joints = {j.name: float(state.joint_position(f"{placement.name}/{j.name}")[row]) for j in placement.asset.joints}
    if placement.asset.fixed:
        return placement.model_copy(update={"joints": joints})
    pose = state.body(placement.name)[row].astype(float)
    pose[3:] = quat_normalize(pose[3:])
    return placement.model_copy(update={"joints": joints, "pose": tuple(pose.tolist())})
