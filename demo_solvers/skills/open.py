"""Open: grasp a drawer's handle, pull it along its joint, let go, step back."""

from __future__ import annotations

from demo_solvers.execution import Execution
from demo_solvers.program import SkillCall
from demo_solvers.skills._slide import slide

TARGET = 0.93  # of the joint's travel


def open(ex: Execution, call: SkillCall, following: SkillCall | None) -> None:
    """Open the prismatic joint that carries ``call.body``."""
    slide(ex, call, share=TARGET)
