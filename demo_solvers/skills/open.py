"""Open: grasp a drawer's handle, pull it along its joint, let go, step back."""

from __future__ import annotations

from demo_solvers.execution import Execution
from demo_solvers.skill import Number, Settings, Signature, declares
from demo_solvers.skills._slide import slide
from pipeline.core.program import Stage

TARGET = 0.93  # of the joint's travel


@declares(
    Signature(
        kind="contact",
        summary="open the joint that carries a body by its handle",
        parameters={"share": Number(TARGET, 0.3, 1.0, "of the travel", "where the joint is brought to")},
        brings="(is_open {body})",
    )
)
def open(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Open the prismatic joint that carries ``stage.body``."""
    slide(ex, stage, share=Settings(stage).number("share"))
