"""Recovery: a stage that failed is tried again in the rows it failed in, as a robot that notices would do.

The demonstration keeps the failed part, so that a policy can learn to retry from it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.planning.transit import raise_tool
from demo_solvers.skill import SKILLS, Number
from pipeline.core.episode import Cause
from pipeline.core.program import Program, Stage
from pipeline.core.world import Bools

RECOVERABLE: frozenset[Cause] = frozenset(
    ("grasp_missed", "grasp_slipped", "place_missed", "push_missed", "joint_short", "joint_overshot")
)
"""What leaves the world such that the stage can be begun again."""
MOST_NAMES = 220  # of the 256 stage names that an episode can tell apart
SPARE_TIME = 1.5  # times the steps that the repeated stages took so far
RISE, RISE_POINTS, RISE_SPEED = 0.12, 4, 0.25  # m, waypoints, m/s: away from what failed


def recoverable(ex: Execution, failed: Bools, number: int) -> NDArray[np.intp]:
    """Rows among ``failed`` (batch,) that may try stage ``number`` again; none when there is no time for it."""
    rows = [int(r) for r in np.flatnonzero(failed & ~ex.alive) if ex.diagnoses[r].cause in RECOVERABLE]
    if len(ex.stage_names) > MOST_NAMES or ex.program is None:
        return np.zeros(0, np.intp)
    took = {span.number: span.end - span.begin for span in ex.spans}
    mean = sum(took.values()) / max(1, len(took))
    again = SPARE_TIME * sum(took.get(n, mean) for n in _numbers(ex.program, number))
    rest = mean * (len(ex.program.stages) - number - 1)
    return np.array(rows if ex.worlds.steps_left > again + rest else [], np.intp)


def recover(ex: Execution, rows: NDArray[np.intp], number: int, attempt: int) -> None:
    """Let go, rise, and carry out again what stage ``number`` needs, with the grasp after the ``attempt`` ones tried.

    Other rows stand still. Rows that fail again have their new reason.
    """
    assert ex.program is not None
    stages = ex.program.stages
    with ex.again(rows):
        _step_away(ex)
        for n in _numbers(ex.program, number):
            following = stages[n + 1] if n + 1 < len(stages) else None
            with ex.stage(n):
                if ex.alive.any():
                    ex.use(stages[n].arm)
                    SKILLS.get(stages[n].skill)(ex, _next_grasp(stages[n], attempt), following)


def _numbers(program: Program, number: int) -> list[int]:
    """What has to be done again for a stage: what is to be let go has to be taken again first."""
    stage = program.stages[number]
    if SKILLS.get(stage.skill).signature.kind != "release":
        return [number]
    for earlier in range(number - 1, -1, -1):
        other = program.stages[earlier]
        if other.body == stage.body and SKILLS.get(other.skill).signature.kind == "grasp":
            return [earlier, number]
    return [number]


def _next_grasp(stage: Stage, attempt: int) -> Stage:
    """The stage with ``attempt`` more of the best grasps left out, where its skill knows of that."""
    skip = SKILLS.get(stage.skill).signature.parameters.get("skip")
    if not isinstance(skip, Number):
        return stage
    value = min(skip.high, float(stage.parameters.get("skip", skip.default)) + attempt)
    return stage.model_copy(update={"parameters": {**stage.parameters, "skip": value}})


def _step_away(ex: Execution) -> None:
    """Open the hand and go straight up, as far as the arm can; what it cannot is no failure."""
    ex.begin("let go")
    ex.grip(np.full(len(ex.q), ex.arm.group.gripper.max_width), 0.3)
    present = ex.arm.tool_pose(ex.q)
    rising = np.stack([raise_tool(present, RISE * i / RISE_POINTS) for i in range(1, RISE_POINTS + 1)], axis=1)
    path, ok = ex.arm.follow(rising, ex.q)
    path[~ok] = ex.q[~ok, None]
    ex.line(path, speed=RISE_SPEED, length=RISE)
