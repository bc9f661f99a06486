"""Path3d with the simulator's segmentation instead of perception: what better eyes could gain, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo_solvers.path3d.rig import rig
from demo_solvers.solvers.path3d import Path3dSolver
from pipeline.core.seeing import Sight

if TYPE_CHECKING:
    from demo_solvers.path3d.perception import Perceiver


def labelled() -> Perceiver:
    """Perception by the simulator's labels."""
    from assets.catalog import LibraryCatalog
    from demo_solvers.path3d.labelled import LabelledPerceiver

    return LabelledPerceiver(LibraryCatalog())


path3d_labelled = Path3dSolver(perceiver=labelled, sight=Sight(rig, segmentation=True))
