"""The doors between rooms: what a simulator, a file store, a scene builder and a solver promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.episode import Outcome
from pipeline.core.errors import TaskloomError
from pipeline.core.layout import SceneLayout
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec
from pipeline.core.task import TaskSpec
from pipeline.core.world import Actions, Frames, WorldState, WorldTrace

Channel = Literal["rgb", "depth", "segmentation", "points"]


class FileStore(Protocol):
    """Hands out the files of assets and robots, whether from the library or from a dataset."""

    def folder(self, spec: AssetSpec | RobotSpec) -> Path:
        """A local folder that holds ``spec.files`` under their relative paths, checksums verified."""
        ...

    def read(self, spec: AssetSpec | RobotSpec, path: str) -> bytes:
        """The bytes of one of ``spec.files``."""
        ...


class Catalog(FileStore, Protocol):
    """The asset library."""

    def asset(self, name: str) -> AssetSpec:
        """The asset called ``name``; raises UnknownNameError."""
        ...

    def robot(self, name: str) -> RobotSpec:
        """The robot called ``name``; raises UnknownNameError."""
        ...

    @property
    def assets(self) -> tuple[str, ...]:
        """All asset names, sorted."""
        ...

    @property
    def robots(self) -> tuple[str, ...]:
        """All robot names, sorted."""
        ...


@dataclass(frozen=True)
class SimulatorInfo:
    """What runs, where, and whether replay is bit-exact there."""

    name: str
    version: str
    device: str
    exact: bool


class Simulator(Protocol):
    """Physics for a batch of worlds: SI units, z up, quaternions (w, x, y, z), one leading batch axis."""

    info: SimulatorInfo

    def load(self, scenes: Sequence[SceneSpec]) -> WorldState:
        """Build worlds (re-used when build key and batch size repeat) and put them in their initial state."""
        ...

    def run(self, actions: Actions) -> WorldTrace:
        """Apply actions (time, batch, dof) at the control rate.

        Within a control step the position targets move linearly from the previous action (the reset position before
        the first) to this one over the physics substeps. The trace holds the state after each control step.
        """
        ...

    def state(self) -> WorldState:
        """The present state."""
        ...

    def reset(self, rows: Sequence[int] | None = None) -> WorldState:
        """Put worlds (default all) back to the loaded initial state."""
        ...

    def render(
        self, cameras: Sequence[str], what: Sequence[Channel] = ("rgb",), rows: Sequence[int] | None = None
    ) -> Mapping[str, Frames]:
        """Images of the present state for the given rows (default all)."""
        ...

    def close(self) -> None:
        """Free the engine; the object is not used again."""
        ...


class Unplaceable(TaskloomError):
    """A task whose things do not fit on the table, or whose goal state cannot be laid out."""


class SceneBuilder(Protocol):
    """Turns a task into a concrete scene."""

    def build(self, task: TaskSpec, stream: np.random.Generator) -> SceneSpec:
        """Sample one scene in the task's initial relations; raises :class:`Unplaceable` when nothing fits."""
        ...

    def stage(self, task: TaskSpec, scene: SceneSpec, stream: np.random.Generator) -> SceneSpec:
        """The same scene with the task's goal laid out, ready to settle; raises :class:`Unplaceable`."""
        ...


@dataclass(frozen=True)
class Problem:
    """A task and the batch of scenes it is to be solved in."""

    task: TaskSpec
    scenes: tuple[SceneSpec, ...]
    seed: int

    @property
    def layout(self) -> SceneLayout:
        """The layout shared by all scenes."""
        return SceneLayout.of(self.scenes[0])


class Worlds(Protocol):
    """A recorded handle on a batch of worlds, as granted to a solver."""

    @property
    def batch(self) -> int:
        """Number of worlds."""
        ...

    @property
    def steps_left(self) -> int:
        """Control steps until the task's horizon."""
        ...

    def run(self, actions: Actions) -> WorldTrace:
        """Step all worlds; the actions are recorded."""
        ...

    def state(self) -> WorldState:
        """Privileged state, granted to planners."""
        ...

    def recorded(self) -> Actions:
        """All actions since the reset, (time, batch, dof)."""
        ...


class Solver(Protocol):
    """One call drives the whole batch."""

    def __call__(self, problem: Problem, worlds: Worlds) -> Sequence[Outcome]:
        """Attempt every world once and say how each ended."""
        ...
