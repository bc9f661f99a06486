"""What the planner's demonstrations earn by rewards derived from their goals: all stages are paid on the way."""

import numpy as np
import pytest

from demo_solvers.rewards.compiled import compiled
from demo_solvers.rewards.procedural import Assignment, procedural
from demo_solvers.rewards.state import RewardState
from demo_solvers.solvers.vipr import vipr
from pipeline.rollout import attempt

TASKS = {
    "push": ("(within carton zone_red)", ("carton", "zone_red"), ()),
    "articulate": ("(is_open cabinet/top_drawer)", ("cabinet",), ("(is_closed cabinet/top_drawer)",)),
    "pick_place": ("(on block_red plate)", ("block_red", "plate"), ()),
}


@pytest.mark.parametrize("family", TASKS)
def test_a_demonstration_earns_what_each_stage_pays(family, problem, simulator, robot):
    goal, assets, initial = TASKS[family]
    built = problem(goal, *assets, initial=initial, worlds=2, family=family)
    solution = attempt(simulator, built, vipr)
    outcome = next(o for o in solution.outcomes if o.success)
    start = simulator.load(built.scenes)
    actions = np.repeat(outcome.actions[:, None], 2, axis=1)
    trace = simulator.run(actions)
    row = slice(outcome.row or 0, (outcome.row or 0) + 1)
    begin = RewardState.of(start, robot).rows(row)
    reward = compiled(procedural(Assignment(goal, start.layout, solution.program, begin)), start.layout)
    memory, earned = reward.begin(begin), dict.fromkeys(reward.lines, 0.0)
    for t in range(trace.time):
        out = reward(RewardState.of(trace.at(t), robot).rows(row), memory)
        memory = out.memory
        for name, value in out.lines.items():
            earned[name] += value.item()
    assert earned["reach_0"] > 0.5
    assert ("touch_0" in earned) == (family != "push"), "a hand that pushes has to change sides"
    assert earned.get("touch_0", 1.0) > 0.9
    assert earned["bring_0"] > 3.0
    assert earned["goal"] > 0
