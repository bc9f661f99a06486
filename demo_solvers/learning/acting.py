"""Acting out: a learned policy does its stage in the worlds of an attempt, and every action of it is recorded."""

from __future__ import annotations

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.learning.observing import seen
from demo_solvers.learning.policy import LocalPolicy
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.starts import starts_of
from demo_solvers.learning.steering import Felt, Steer, Steering, whole

LEARNED = "learned "
"""What the names of stages begin with in which a policy acts."""


def act_out(ex: Execution, stage: LearnedStage, policy: LocalPolicy, *, steer: Steer = Steering) -> None:
    """Let ``policy`` act in the live rows until each has reached the stage's goal; those that do not fail.

    A row that is done holds still while others go on. The first arm acts.
    """
    ex.begin(f"{LEARNED}{stage.name}")
    scenes = starts_of(ex.problem.scenes, ex.state(), ex.command, range(len(ex.alive)))
    steering = steer(stage, scenes)
    everyone, reached = ex.alive.copy(), stage.reached(ex.state())
    for _ in range(stage.decisions):
        busy = everyone & ~reached
        if not busy.any() or ex.worlds.steps_left < stage.repeat:
            break
        state = ex.state()
        action = policy.act(whole(steering, seen(stage, state, steering.heading), state))
        targets = steering.follow(action, state.tcp, Felt.of(stage, state)).astype(float)
        ex.alive = busy
        ex.play(np.where(busy[:, None], targets, ex.command))
        reached |= stage.reached(ex.state())
    ex.alive = everyone
    missed = np.flatnonzero(everyone & ~reached)
    ex.fail(
        missed, "stage_unmet", expected=stage.goal, seen=f"not within {stage.decisions} actions", bodies=(stage.body,)
    )
