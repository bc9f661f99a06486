"""Practice scenes: settled scenes of a task for solvers that learn, the same for every batch, kept on disk."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field, ValidationError

from pipeline.core.doors import SceneBuilder, Simulator, Unplaceable
from pipeline.core.errors import DivergedError, InvalidInputError, OutputError
from pipeline.core.files import write_atomically
from pipeline.core.geometry import Frozen, Pose7
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream_seed
from pipeline.core.task import TaskSpec
from pipeline.holds import holds, parse
from scene_gen.settle import sample_settled

CHUNK = 32  # scenes that are laid out and settled at once
BARREN = 4  # chunks in a row without a scene, after which a task counts as one that does not settle
PART = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")


class Start(Frozen):
    """What differs between scenes of one build."""

    robot_start: tuple[float, ...] = Field(description="arm joints [rad] and gripper width [m]")
    poses: tuple[Pose7, ...] = Field(description="T_world_base of each placement")
    joints: tuple[dict[str, float], ...] = Field(description="m or rad, of each placement")
    seed: int

    @staticmethod
    def of(scene: SceneSpec) -> Start:
        """The start of a scene."""
        placed = scene.placements
        return Start(
            robot_start=scene.robot_start,
            poses=tuple(p.pose for p in placed),
            joints=tuple(p.joints for p in placed),
            seed=scene.seed,
        )

    def put_into(self, scene: SceneSpec) -> SceneSpec:
        """Another scene of the same build that starts so."""
        placed = zip(scene.placements, self.poses, self.joints, strict=True)
        placements = tuple(p.model_copy(update={"pose": pose, "joints": joints}) for p, pose, joints in placed)
        return scene.model_copy(
            update={"robot_start": self.robot_start, "placements": placements, "seed": self.seed, "draws": {}}
        )


class Bank(Frozen):
    """The scenes of one part that were settled so far."""

    digest: str = Field(description="of the task, the seed, the part and the engine")
    chunks: int = 0
    scene: SceneSpec | None = Field(default=None, description="the first one, whole")
    starts: tuple[Start, ...] = ()

    def scenes(self, count: int) -> tuple[SceneSpec, ...]:
        """The first ``count``."""
        whole = self.scene
        return () if whole is None else tuple(start.put_into(whole) for start in self.starts[:count])


@dataclass(frozen=True, eq=False)
class PracticeScenes:
    """The :class:`~pipeline.core.doors.SceneSource` of a task; ``builder`` varies nothing from batch to batch.

    Scene ``i`` of a part is drawn from a stream of the seed, the part, the task's name and ``i``. Those that do not
    settle, or in which the goal is true already, are left out. ``folder`` keeps them, a file a part.
    """

    task: TaskSpec
    builder: SceneBuilder
    simulator: Simulator
    seed: int
    folder: Path

    def __call__(self, count: int, *, part: str = "practice") -> tuple[SceneSpec, ...]:
        """The first ``count`` scenes of a part; raises :class:`Unplaceable` for a task whose scenes do not settle."""
        if not PART.fullmatch(part):
            raise InvalidInputError(f"Part {part!r} of practice scenes: lower-case letters, digits, - and _ only.")
        bank, barren = self._kept(part), 0
        while len(bank.starts) < count:
            fresh, chunk = self._settled(part, bank.chunks), bank.chunks + 1
            barren = 0 if fresh else barren + 1
            if barren == BARREN:
                raise Unplaceable(
                    f"Task {self.task.name!r}: none of {CHUNK * BARREN} scenes to practise in settled as laid out with "
                    "its goal still to be reached. Use smaller or fewer things, or a solver that does not learn."
                )
            whole = bank.scene or next(iter(fresh), None)
            starts = (*bank.starts, *map(Start.of, fresh))
            bank = bank.model_copy(update={"chunks": chunk, "scene": whole, "starts": starts})
            self._keep(part, bank)
        return bank.scenes(count)

    def _settled(self, part: str, chunk: int) -> list[SceneSpec]:
        """The good ones of a chunk, in order."""
        seed = stream_seed(self.seed, "practice", part)
        try:
            laid = sample_settled(self.builder, self.task, self.simulator, count=CHUNK, seed=seed, first=chunk * CHUNK)
            world = self.simulator.load([scene.physics_only() for scene in laid.scenes])
        except (Unplaceable, DivergedError):  # of any one scene; the next chunk has others
            return []
        good = laid.mask & ~laid.thrown & ~holds(parse(self.task.goal), world)
        return [laid.scenes[int(row)] for row in np.flatnonzero(good)]

    def _kept(self, part: str) -> Bank:
        """What is on disk; of another task, seed or engine, or damaged, it counts as nothing."""
        try:
            bank = Bank.model_validate_json(self._file(part).read_bytes())
        except (FileNotFoundError, ValidationError):
            return Bank(digest=self._digest(part))
        return bank if bank.digest == self._digest(part) else Bank(digest=self._digest(part))

    def _keep(self, part: str, bank: Bank) -> None:
        path = self._file(part)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, bank.model_dump_json())
        except OSError as error:
            raise OutputError(f"Practice scenes {str(path)!r} cannot be written: {error.strerror}.") from error

    def _file(self, part: str) -> Path:
        return self.folder / f"{part}.json"

    def _digest(self, part: str) -> str:
        info = self.simulator.info
        told = [self.task.model_dump_json(), str(self.seed), part, str(CHUNK), f"{info.name} {info.version}"]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]
