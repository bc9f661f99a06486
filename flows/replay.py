"""Replay: an episode's recorded actions in a simulator built from the dataset alone, compared bit for bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from flows.stages import make_simulator
from pipeline.core.doors import Simulator
from pipeline.core.geometry import Frozen
from pipeline.core.world import WorldState, WorldTrace
from pipeline.dataset.files import DatasetFiles
from pipeline.dataset.reader import DatasetReader, StoredEpisode
from pipeline.dataset.states import trace_sha256
from pipeline.holds import holds, parse


class Verdict(Frozen):
    """How a replay compares with what was stored."""

    episode: int
    id: str
    task: str
    backend: str
    worlds: int
    steps: int
    exact: bool | None
    """Whether every state of every world is bit-identical; None on another engine than the one that recorded."""
    goal: bool
    """Whether the goal holds at the end, in every world."""
    deviation: float
    """Largest distance between a stored and a replayed object origin at the end [m]."""

    @property
    def ok(self) -> bool:
        """Bit-identical where that is promised; the goal reached elsewhere."""
        return self.goal if self.exact is None else self.exact


def replay_episodes(
    reader: DatasetReader, episodes: Sequence[int], *, worlds: int = 1, backend: str | None = None
) -> Iterator[Verdict]:
    """Replay each episode in ``worlds`` equal worlds; ``backend`` None is the one that recorded it."""
    files = DatasetFiles(reader)
    simulators: dict[str, Simulator] = {}
    try:
        for number in episodes:
            episode = reader.episode(number)
            name = backend or recorded_on(episode)
            if name not in simulators:
                simulators[name] = make_simulator(name, files)
            yield _replay(episode, simulators[name], worlds=worlds, backend=name)
    finally:
        for simulator in simulators.values():
            simulator.close()


def recorded_on(episode: StoredEpisode) -> str:
    """The backend that recorded an episode: the first word of its provenance's engine."""
    return episode.provenance.engine.split()[0]


def _replay(episode: StoredEpisode, simulator: Simulator, *, worlds: int, backend: str) -> Verdict:
    actions = np.repeat(episode.actions[:, None], worlds, axis=1)
    # Cameras do not touch physics, and leaving them out lets a machine without OpenGL replay.
    start = simulator.load([episode.scene.physics_only()] * worlds)
    trace = simulator.run(np.ascontiguousarray(actions))
    last = trace.at(-1)
    same = all(_checksum(start, trace, row) == episode.checksum for row in range(worlds))
    stored = episode.final_object_pose
    moved = last.pose[:, -len(stored) :, :3] - stored[:, :3] if len(stored) else np.zeros((worlds, 1, 3))
    return Verdict(
        episode=episode.index,
        id=episode.id,
        task=episode.task.name,
        backend=backend,
        worlds=worlds,
        steps=episode.length,
        exact=same if backend == recorded_on(episode) and simulator.info.exact else None,
        goal=bool(np.all(holds(parse(episode.task.goal), last))),
        deviation=float(np.linalg.norm(moved, axis=-1).max()),
    )


def _checksum(start: WorldState, trace: WorldTrace, row: int) -> str:
    """Of the states observed before each action, and of the one after the last."""
    after = trace.row(row)
    before = WorldState.stack([start.rows(slice(row, row + 1)), after.rows(slice(0, len(after) - 1))])
    return trace_sha256(before, after.rows(slice(len(after) - 1, len(after))))
