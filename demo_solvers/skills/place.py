"""Place: carry the held object above its place, lower it, release, retreat, and see whether it stayed."""

from __future__ import annotations

from demo_solvers.execution import Execution
from demo_solvers.planning.placement import SPATIAL
from demo_solvers.skill import Signature, declares
from demo_solvers.skills._put import pace, parameters, put
from pipeline.core.program import Stage

LOWER_SPEED, RETREAT_SPEED = 0.25, 0.4  # m/s at the peak
CARRY_EFFORT = 0.5  # of the robot's limits, gentler with something in the hand
REST, RELEASE_TIME = 0.2, 0.3  # s


@declares(
    Signature(
        kind="release",
        summary="put the held body where the relations or the target say, let go and retreat",
        parameters=parameters(speed=LOWER_SPEED, effort=CARRY_EFFORT),
        needs=("(holding {body})",),
        relations=SPATIAL,
    )
)
def place(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Put the held ``stage.body`` where ``stage.relations`` or ``stage.target`` ask for."""
    put(ex, stage, pace(stage, retreat=RETREAT_SPEED, rest=REST, release=RELEASE_TIME))
