"""The doors between rooms: what a simulator, a file store, a scene builder and a solver promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.camera import CameraSpec
from pipeline.core.episode import Outcome
from pipeline.core.errors import TaskloomError
from pipeline.core.layout import SceneLayout
from pipeline.core.learning import LearningBudget, StageWay
from pipeline.core.program import Program
from pipeline.core.refinement import Budget, Round
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

    def put(self, rows: Sequence[int], scenes: Sequence[SceneSpec]) -> WorldState:
        """Put worlds in the initial states of other scenes of the same build key, to which ``reset`` then returns.

        For practice, which begins in many states. Where ``info.exact`` the other rows go on bit for bit as they would
        have; elsewhere what an engine caches of their contacts may be lost. Returns the state of all rows.
        """
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


class SceneSource(Protocol):
    """More scenes of a task, to learn in: settled, of one build key, and the same ones whatever the batch.

    They are the task's own scenes, without what domain randomisation draws for a batch: without any, their build key is
    that of the problem's scenes. The goal is true in none of them.
    """

    def __call__(self, count: int, *, part: str = "practice") -> Sequence[SceneSpec]:
        """The first ``count`` scenes of a part (equal calls give equal scenes; parts share none).

        What was not asked for before is settled now, in the problem's simulator: handles of worlds and of practice that
        were given out stop working, but for :meth:`TrialWorlds.trial` and :meth:`TrialWorlds.practice`. So ask before
        the practice begins. Raises :class:`Unplaceable` for a task whose scenes do not settle.
        """
        ...


class Workshop(Protocol):
    """A folder that all batches of a task share, in whatever process they are."""

    def open(self) -> AbstractContextManager[Path]:
        """The folder, for its holder alone meanwhile: whoever else opens it waits."""
        ...


@dataclass(frozen=True)
class Problem:
    """A task and the batch of scenes it is to be solved in.

    ``offered`` are programs that others propose (a model, the memory, an earlier batch of the task), to be tried beside
    the solver's own; ``budget`` says how much may be spent on refining them. Solvers that learn do so in scenes of
    ``more`` (None: in those of the problem), within ``learning``, and keep what they learn of the task in its
    ``workshop`` (None: for the time being), which they open only to learn, so that no other batch learns it again.
    """

    task: TaskSpec
    scenes: tuple[SceneSpec, ...]
    seed: int
    offered: tuple[Program, ...] = ()
    budget: Budget = field(default_factory=Budget)
    learning: LearningBudget = field(default_factory=LearningBudget)
    more: SceneSource | None = None
    workshop: Workshop | None = None

    def of(self, rows: Sequence[int]) -> Problem:
        """The same problem in some of its scenes, which may repeat."""
        return replace(self, scenes=tuple(self.scenes[row] for row in rows))

    @property
    def layout(self) -> SceneLayout:
        """The layout shared by all scenes."""
        return SceneLayout.of(self.scenes[0])


class Worlds(Protocol):
    """A recorded handle on a batch of worlds, as granted to a solver: one trial, from the reset to the horizon."""

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

    def trace(self) -> WorldTrace | None:
        """All states after the reset, or None before the first step."""
        ...


class TrialWorlds(Worlds, Protocol):
    """Worlds that can be had afresh, for solvers that learn from failed trials.

    Rows of a trial of k copies are the problem's scenes in order, k times over; an :class:`Outcome` names the trial and
    the row that it stands on.
    """

    @property
    def index(self) -> int:
        """Which trial this is, from 0."""
        ...

    def trial(self, copies: int = 1) -> TrialWorlds:
        """Every scene ``copies`` times from its reset, as the next trial; any handle may be asked for it.

        Afterwards all earlier handles can do no more than that.
        """
        ...

    def look(self, cameras: Sequence[CameraSpec], row: int, steps: Sequence[int]) -> Mapping[str, Frames]:
        """Pictures (len(steps), ...) of one world of this trial at some of its steps (0 = the reset), by camera name.

        The world is replayed for it in a scene of its own, after which this handle and earlier ones stop working.
        """
        ...

    def practice(self, scenes: Sequence[SceneSpec]) -> Practice:
        """Worlds of ``scenes``, which need not be the problem's; trials so far stop working but for :meth:`trial`."""
        ...


class Practice(Protocol):
    """Worlds to practise in: driven at will, in any scene of one build, and nothing of it is recorded."""

    @property
    def batch(self) -> int:
        """Number of worlds."""
        ...

    def put(self, rows: Sequence[int], scenes: Sequence[SceneSpec]) -> WorldState:
        """Put worlds in the initial states of scenes, which share the build of the first ones; all rows' state."""
        ...

    def run(self, actions: Actions) -> WorldTrace:
        """Step all worlds by actions (time, batch, dof)."""
        ...

    def state(self) -> WorldState:
        """Privileged state."""
        ...


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver has to say: an outcome for each scene, the program it would use again, and how it got there.

    ``ways`` tells for each stage of the program how it is done and why, where the solver had a choice.
    """

    outcomes: Sequence[Outcome]
    program: Program | None = None
    rounds: tuple[Round, ...] = ()
    ways: tuple[StageWay, ...] = ()


class Solver(Protocol):
    """One call drives the whole batch."""

    def __call__(self, problem: Problem, worlds: TrialWorlds) -> Solution:
        """Attempt every scene, as often as the problem's budget allows, and say how each ended."""
        ...
