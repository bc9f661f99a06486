"""How a learned stage begins in earnest: from above, so that nothing is bumped into on the way."""

from __future__ import annotations

import numpy as np

from demo_solvers.contacts.wish import ContactWish
from demo_solvers.execution import Execution
from demo_solvers.learning.approach import AWAY, Approach
from pipeline.core.doors import Problem, Solution, TrialWorlds
from pipeline.core.world import WorldState
from pipeline.rollout import attempt
from pipeline.sim.kinematic import kinematic


def test_a_hand_comes_straight_down_to_a_contact(push: Problem, simulator: kinematic) -> None:
    found = list[WorldState]()

    def solver(problem: Problem, worlds: TrialWorlds) -> Solution:
        ex = Execution(problem, worlds)
        Approach((ContactWish(body="cookie_box", toward="zone_green"),), seed=0).go(ex, "cookie_box")
        trace = ex.worlds.trace()
        assert trace is not None
        found.extend(trace.row(row) for row in np.flatnonzero(ex.alive))
        return Solution(ex.outcomes())

    attempt(simulator, push, solver)
    straight = 0
    for states in found:
        tools = states.tcp
        over = tools[:, 2] - tools[-1, 2]
        last = int(np.flatnonzero(over >= 0.9 * AWAY)[-1])
        straight += bool((np.linalg.norm(tools[last:, :2] - tools[-1, :2], axis=1) < 0.005).all())
    assert len(found) >= 8
    assert straight >= len(found) - 1, "where there is no room above, it comes as it can"
