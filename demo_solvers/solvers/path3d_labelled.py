"""Path3d with the simulator's segmentation instead of perception: what better eyes could gain, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo_solvers.path3d.rig import rig
from demo_solvers.solvers.path3d import Path3dSolver
from pipeline.core.doors import Solution
from pipeline.core.seeing import SeeingProblem, SeeingWorlds, Sight

if TYPE_CHECKING:
    from demo_solvers.path3d.model_paths import ModelPaths
    from demo_solvers.path3d.model_verifier import Verifier
    from demo_solvers.path3d.perception import Perceiver
    from demo_solvers.path3d.recall import Recall


def labelled() -> Perceiver:
    """Perception by the simulator's labels."""
    from assets.catalog import LibraryCatalog
    from demo_solvers.path3d.labelled import LabelledPerceiver

    return LabelledPerceiver(LibraryCatalog())


@dataclass(frozen=True)
class LabelledSolver:
    """Takes the roles of the other solver that sees, but for that of the eyes: its own are what it is for."""

    solver: Path3dSolver
    sight: Sight

    def __call__(
        self,
        problem: SeeingProblem,
        worlds: SeeingWorlds,
        *,
        path_writer: ModelPaths | None = None,
        verifier: Verifier | None = None,
        experience: Recall | None = None,
    ) -> Solution:
        """Attempt every world and say how each ended."""
        return self.solver(problem, worlds, path_writer=path_writer, verifier=verifier, experience=experience)


path3d_labelled = LabelledSolver(Path3dSolver(perceiver=labelled), Sight(rig, segmentation=True))
