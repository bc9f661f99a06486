"""Close: grasp a drawer's handle, push it along its joint up to the stop, let go, step back."""

from __future__ import annotations

from demo_solvers.execution import Execution
from demo_solvers.skill import Number, Settings, Signature, declares
from demo_solvers.skills._slide import slide
from pipeline.core.program import Stage

TARGET = -0.02  # of the joint's travel: slightly into the stop


@declares(
    Signature(
        kind="contact",
        summary="close the joint that carries a body by its handle",
        parameters={"share": Number(TARGET, -0.05, 0.3, "of the travel", "where the joint is brought to")},
        brings="(is_closed {body})",
    )
)
def close(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Close the prismatic joint that carries ``stage.body``."""
    slide(ex, stage, share=Settings(stage).number("share"))
