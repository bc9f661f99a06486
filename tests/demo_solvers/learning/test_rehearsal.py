"""Stages that begin with something in the hand, rehearsed in MuJoCo."""

from __future__ import annotations

import numpy as np
import pytest

from demo_solvers.execution import Execution
from demo_solvers.learning.demonstrating import Shown, shown
from demo_solvers.learning.deriving import learned_stage
from demo_solvers.learning.rehearsal import begun
from demo_solvers.task_planning.plan import decompose
from flows.presets.insert_tight import insert_tight
from pipeline.core.doors import Problem, Solution, TrialWorlds
from pipeline.core.streams import stream
from pipeline.rollout import attempt
from pipeline.sim.mujoco import mujoco
from scene_gen.builder import TabletopBuilder

pytestmark = pytest.mark.physics
WORLDS = 8


def test_the_planner_inserts_from_rehearsed_starts_as_it_does_in_one_go(catalog, builder: TabletopBuilder) -> None:
    (task,) = insert_tight.given
    scenes = tuple(builder.build(task, stream(0, "rehearsal", i)) for i in range(WORLDS))
    found = list[Shown]()

    def solver(problem: Problem, worlds: TrialWorlds) -> Solution:
        program = decompose(task.goal, worlds.state())
        assert program is not None
        practice = worlds.practice(problem.scenes)
        begins = begun(practice, problem, program, 1, problem.scenes)
        stage = learned_stage(program, 1, task.goal, problem.layout)
        for decisions in (1000, 10):
            patient = stage.model_copy(update={"decisions": decisions})
            found.append(shown(practice, problem, program, 1, patient, begins))
        return Solution(Execution(problem, worlds).outcomes())

    attempt(mujoco(catalog), Problem(task, scenes, seed=0), solver)
    made, hurried = found
    assert len(made.reached) >= WORLDS - 1, "the peg is picked in nearly all of them"
    assert np.mean(made.reached) >= 0.8, (
        "what was gripped is gripped again, so that it does not slip while it is fitted"
    )
    assert made.episodes == made.reached.sum(), "what it does is experience from the touch to the goal"
    assert made.transitions is not None
    assert made.transitions.reward.sum() == made.episodes
    assert hurried.reached.sum() == made.reached.sum()
    assert hurried.episodes == 0, "a motion that takes longer than a policy has time is nothing to learn from"
