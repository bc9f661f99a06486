"""Stack: put the held object on top of another one, on its centre, lowered slowly and let go gently."""

from __future__ import annotations

from demo_solvers.execution import Execution
from demo_solvers.skill import Signature, declares
from demo_solvers.skills._put import pace, parameters, put
from pipeline.core.program import Stage

LOWER_SPEED, RETREAT_SPEED = 0.12, 0.2  # m/s at the peak
CARRY_EFFORT = 0.4  # of the robot's limits
HEIGHT = 0.002  # m above the top at which the body is let go
REST, RELEASE_TIME = 0.4, 0.5  # s


@declares(
    Signature(
        kind="release",
        summary="put the held body on top of another one, centred, and let go gently",
        parameters=parameters(speed=LOWER_SPEED, effort=CARRY_EFFORT, height=HEIGHT),
        needs=("(holding {body})",),
        relations=("on",),
    )
)
def stack(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Put the held ``stage.body`` on the centre of what ``stage.relations`` name."""
    put(ex, stage, pace(stage, retreat=RETREAT_SPEED, rest=REST, release=RELEASE_TIME))
