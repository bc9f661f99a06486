"""The door of solvers that work from images: frames, calibration and proprioception in, actions out, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.core.camera import CameraSpec
from pipeline.core.doors import Solution
from pipeline.core.geometry import Frozen, Pose7
from pipeline.core.robot import RobotSpec
from pipeline.core.world import F32, Actions


@dataclass(frozen=True, eq=False)
class View:
    """What one calibrated camera saw in some worlds."""

    rgb: NDArray[np.uint8]  # (worlds, height, width, 3)
    depth: F32  # (worlds, height, width)  m along the optical axis, 0 = nothing hit
    intrinsics: NDArray[np.float64]  # (3, 3)  K in pixels, pixel centres at half integers
    pose: NDArray[np.float64]  # (worlds, 7)  T_world_camera, OpenCV convention
    labels: NDArray[np.int16] | None = None
    """(worlds, height, width) index into :attr:`SeeingProblem.labels`, -1 = nothing; only where it was granted."""


@dataclass(frozen=True, eq=False)
class Proprioception:
    """What the robots feel of themselves: arm joints [rad] and gripper width [m], as they are and as commanded."""

    measured: F32  # (worlds, dof)
    commanded: F32  # (worlds, dof)


class Query(Frozen):
    """A name that the goal uses, and the catalogue entry that it is an instance of; where it is must be seen."""

    name: str
    asset: str


class SeeingProblem(Frozen):
    """What a solver that sees is told: the request in words and as a formula, the robot and where it is bolted."""

    task: str
    instruction: str
    goal: str = Field(description="formula over the names of ``queries`` and their parts")
    queries: tuple[Query, ...] = Field(description="of the names in the goal alone")
    robot: RobotSpec
    base: tuple[Pose7, ...] = Field(description="T_world_base of each world")
    rate: float = Field(description="control steps a second")
    horizon: float = Field(description="s")
    seed: int
    labels: tuple[str, ...] = Field(
        default=(), description="names of the simulator's segmentation; () unless it is granted"
    )

    @property
    def batch(self) -> int:
        """Number of worlds."""
        return len(self.base)


class SeeingWorlds(Protocol):
    """A recorded handle on a batch of worlds that grants no state: one trial, from the reset to the horizon."""

    @property
    def batch(self) -> int:
        """Number of worlds."""
        ...

    @property
    def steps_left(self) -> int:
        """Control steps until the task's horizon."""
        ...

    def look(self, rows: Sequence[int] | None = None) -> Mapping[str, View]:
        """What every camera sees now, in the given worlds (default all), by camera name."""
        ...

    def feel(self) -> Proprioception:
        """The present joints of all worlds."""
        ...

    def run(self, actions: Actions) -> F32:
        """Step all worlds by actions (time, batch, dof), which are recorded; measured joints (time, batch, dof)."""
        ...

    def recorded(self) -> Actions:
        """All actions since the reset, (time, batch, dof)."""
        ...


@dataclass(frozen=True)
class Sight:
    """What a solver that sees is granted: cameras about the robot, and whether the simulator labels their pixels."""

    cameras: Callable[[RobotSpec], tuple[CameraSpec, ...]]
    segmentation: bool = field(default=False)
    """An upper bound for perception that no real robot has."""


class SeeingSolver(Protocol):
    """One call drives the whole batch, from what the cameras show."""

    sight: Sight

    def __call__(self, problem: SeeingProblem, worlds: SeeingWorlds) -> Solution:
        """Attempt every world and say how each ended."""
        ...


def sight_of(solver: object) -> Sight | None:
    """What a solver asks to see; None for one that is granted state."""
    found = getattr(solver.func if isinstance(solver, partial) else solver, "sight", None)
    return found if isinstance(found, Sight) else None
