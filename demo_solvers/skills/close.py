"""Close: grasp a drawer's handle, push it along its joint up to the stop, let go, step back."""

from __future__ import annotations

from demo_solvers.execution import Execution
from demo_solvers.program import SkillCall
from demo_solvers.skills._slide import slide

TARGET = -0.02  # of the joint's travel: slightly into the stop


def close(ex: Execution, call: SkillCall, following: SkillCall | None) -> None:
    """Close the prismatic joint that carries ``call.body``."""
    slide(ex, call, share=TARGET)
