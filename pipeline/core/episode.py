"""Outcome, Diagnosis and Episode: how an attempt ended, and the demonstration it left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.core.geometry import Frozen
from pipeline.core.lesson import Lesson
from pipeline.core.program import Program
from pipeline.core.scene import SceneSpec
from pipeline.core.task import TaskSpec
from pipeline.core.world import F32, Bools, WorldState

Cause = Literal[
    "none",
    "no_plan",
    "ik_failed",
    "path_in_collision",
    "grasp_missed",
    "grasp_slipped",
    "place_missed",
    "push_missed",
    "joint_short",
    "joint_overshot",
    "insert_missed",
    "pour_missed",
    "wipe_missed",
    "hand_over_missed",
    "needs_unmet",
    "stage_unmet",
    "collision",
    "goal_unmet",
    "hard_touch",
    "over_limits",
    "teleport",
    "unstable",
    "replay_mismatch",
    "timeout",
    "nothing_seen",
    "camera_off",
    "not_found",
    "no_grasp",
    "answer_unusable",
]


class Diagnosis(Frozen):
    """Why an attempt failed: what was expected, what was seen, by how much, in which stage and when."""

    cause: Cause = "none"
    stage: str = ""
    expected: str = ""
    seen: str = ""
    amount: float | None = None
    number: int | None = Field(default=None, description="which stage of the program, from 0")
    time: float | None = Field(default=None, description="s since the reset")
    bodies: tuple[str, ...] = Field(default=(), description="what met, slipped or was in the way")


@dataclass(frozen=True, eq=False)
class Outcome:
    """How one world's attempt ended. ``actions`` (time, dof) are exactly those applied since the reset.

    They are the first of what row ``row`` of trial ``trial`` was given; ``row`` None means the scene's own row.
    """

    success: bool
    actions: F32
    stages: NDArray[np.uint8]  # (time,)  index of the stage at work
    stage_names: tuple[str, ...] = ()
    diagnosis: Diagnosis = field(default_factory=Diagnosis)
    trace: WorldState | None = None  # the state after each action; the batch axis is time
    trial: int = 0
    row: int | None = None
    program: Program | None = None  # what was carried out
    recoveries: int = 0  # stages that had failed and were tried again; their names begin with "recover: "
    lessons: tuple[Lesson, ...] = ()  # how the hand was used in what its solver holds to have worked


class Provenance(Frozen):
    """Who made a value and with what."""

    package: str = "taskloom"
    version: str
    engine: str
    solver: str
    author: str
    seed: int
    versions: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Episode:
    """One validated demonstration. Observation t precedes action t; all arrays have length T.

    ``states`` holds the T observed states (row 0 is the reset) and ``final`` the state after the last action.
    ``rgb`` maps camera names to (T, height, width, 3) uint8; ``camera_pose`` to (T, 7) float32. Optional: ``depth`` to
    (T, height, width) uint16 mm along the optical axis, 0 where nothing is; ``seg`` to (T, height, width) uint8, the
    index into ``seg_names``.
    """

    task: TaskSpec
    scene: SceneSpec
    states: WorldState
    final: WorldState
    actions: F32  # (T, dof)
    ee_delta: (
        F32  # (T, 7)  commanded tool motion: translation [m] and rotation vector [rad] in the base frame, width [m]
    )
    ee_target: F32  # (T, 8)  commanded tool pose [m; quaternion] in the base frame and gripper width [m]
    progress: F32  # (T,)  fraction of goal atoms that hold
    success: Bools  # (T,)  the goal holds in the observed state
    stage: NDArray[np.uint8]  # (T,)
    stage_names: tuple[str, ...]
    rgb: dict[str, NDArray[np.uint8]]
    camera_pose: dict[str, F32]
    solver: str
    provenance: Provenance
    attempt: int = 0  # index of the world among all attempts on the task
    depth: dict[str, NDArray[np.uint16]] = field(default_factory=dict[str, NDArray[np.uint16]])
    seg: dict[str, NDArray[np.uint8]] = field(default_factory=dict[str, NDArray[np.uint8]])
    seg_names: tuple[str, ...] = ()

    @property
    def instruction(self) -> str:
        """What the robot was told: the wording drawn for this world, else the task's own."""
        drawn = self.scene.draws.get("instruction")
        return drawn if isinstance(drawn, str) and drawn else self.task.instruction

    @property
    def length(self) -> int:
        """Number of control steps."""
        return len(self.actions)
