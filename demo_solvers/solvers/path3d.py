"""Path3d: from RGB-D images, calibration and proprioception alone; after Manipulate-Anything and GeneralVLA."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demo_solvers.path3d.rig import rig
from pipeline.core.doors import Solution
from pipeline.core.seeing import SeeingProblem, SeeingWorlds, Sight, View

if TYPE_CHECKING:
    from demo_solvers.path3d.clouds import Array, Cloud
    from demo_solvers.path3d.hand import Hand
    from demo_solvers.path3d.model_paths import ModelPaths
    from demo_solvers.path3d.model_verifier import Verifier
    from demo_solvers.path3d.perception import Perceiver, Sighting
    from demo_solvers.path3d.recall import Recall
    from demo_solvers.path3d.worker import Eyes, Worker


def geometric() -> Perceiver:
    """The perception that needs no key, over the library's catalogue."""
    from assets.catalog import LibraryCatalog
    from demo_solvers.path3d.geometric import GeometricPerceiver

    return GeometricPerceiver(LibraryCatalog())


@dataclass(frozen=True)
class Path3dSolver:
    """Sees with ``perceiver``, plans paths from named points, follows them and looks whether they worked."""

    perceiver: Callable[[], Perceiver] = geometric
    sight: Sight = field(default_factory=lambda: Sight(rig))
    paths: ModelPaths | None = None
    """Writes the waypoints on which things are carried; None leaves that to the geometric planner."""

    def __call__(
        self,
        problem: SeeingProblem,
        worlds: SeeingWorlds,
        *,
        perceiver: Perceiver | None = None,
        path_writer: ModelPaths | None = None,
        verifier: Verifier | None = None,
        experience: Recall | None = None,
    ) -> Solution:
        """Attempt every world and say how each ended; success is judged by others.

        ``perceiver`` sees instead of the solver's own, ``path_writer`` writes the ways that things are carried on,
        ``verifier`` answers whether an action worked, beside the geometry, and ``experience`` says what to try first.
        """
        from demo_solvers.path3d.hand import Hand
        from demo_solvers.path3d.lockstep import side_by_side

        eyes, felt = perceiver or self.perceiver(), worlds.feel()
        workers = []
        for row in range(problem.batch):
            hand = Hand(problem, row, measured=felt.measured[row], commanded=felt.commanded[row])
            worker = self.worker(problem, hand, _Eyes(problem, worlds, eyes, row))
            workers.append(worker.helped(paths=path_writer, verifier=verifier, recall=experience))
        return Solution(side_by_side(worlds, workers, horizon=problem.horizon))

    def worker(self, problem: SeeingProblem, hand: Hand, eyes: Eyes) -> Worker:
        """The worker of one world."""
        from demo_solvers.path3d.worker import Worker

        return Worker(problem, hand, eyes, paths=self.paths)


class _Eyes:
    """What one worker sees when it asks."""

    def __init__(self, problem: SeeingProblem, worlds: SeeingWorlds, perceiver: Perceiver, row: int) -> None:
        self._problem, self._worlds, self._perceiver, self._row = problem, worlds, perceiver, row

    def things(self, joints: Array) -> Sighting:
        """The queried things; raises :class:`Unseen`."""
        return self._perceiver.perceive(self._problem, self._worlds.look([self._row]), self._row, joints)

    def cloud(self, joints: Array) -> Cloud:
        """The world's points but the robot's."""
        return self._perceiver.cloud(self._problem, self._worlds.look([self._row]), self._row, joints)

    def views(self) -> Mapping[str, View]:
        """The bare frames, by camera."""
        return self._worlds.look([self._row])


path3d = Path3dSolver()
