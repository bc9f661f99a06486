"""Parallel refinement: variants run side by side, the best goes on, each scene gets the best that was found for it."""

from dataclasses import replace

import numpy as np
import pytest

from demo_solvers.refinement.loop import refine
from demo_solvers.refinement.patches import Proposal, Regrasp, SetParameter, SlowDown
from demo_solvers.refinement.procedural import ProceduralRefiner
from demo_solvers.refinement.trial import jerk_of
from demo_solvers.solvers.vipr import vipr
from pipeline.core.program import Program
from pipeline.core.refinement import Budget
from pipeline.rollout import BatchWorlds, attempt


class Fixed:
    """Proposes what it is given, round after round."""

    name = "fixed"

    def __init__(self, *rounds):
        self.rounds, self.cases = list(rounds), []

    def propose(self, case, count):
        self.cases.append(case)
        return self.rounds.pop(0) if self.rounds else []


def set_(stage, name, value):
    return Proposal(patches=(SetParameter(stage=stage, name=name, value=value),), author="fixed")


@pytest.fixture
def spoilt(sound):
    """Grasps where the block has nothing to grasp."""
    pick = sound.stages[0].model_copy(update={"parameters": {"region": "handle"}})
    return Program(stages=(pick, sound.stages[1]))


def solve(built, simulator, program, refiner, **budget):
    given = replace(built, budget=Budget(**budget))
    return attempt(simulator, given, lambda p, w: refine(p, w, [program], refiner))


def test_without_a_budget_there_is_one_trial_of_the_planned_program(stacking, simulator):
    worlds = BatchWorlds(simulator, stacking)
    solution = vipr(stacking, worlds)
    assert len(solution.rounds) == len(solution.rounds[0].variants) == 1
    assert {o.trial for o in solution.outcomes} == {0}
    assert worlds.trial().index == 1, "no other trial was made"


def test_a_program_that_fails_is_repaired_and_its_record_says_how(stacking, simulator, spoilt):
    solution = solve(stacking, simulator, spoilt, ProceduralRefiner(), rounds=3, variants=3)
    assert [o.success for o in solution.outcomes] == [True] * 3
    assert solution.program is not None
    assert solution.program.author == "search+procedural"
    first, *later = solution.rounds
    assert (first.variants[0].solved, first.variants[0].causes) == (0, {"ik_failed": 3})
    assert later[-1].chosen is not None
    best = later[-1].variants[later[-1].chosen]
    assert best.solved == 3
    assert best.patches
    assert "ik_failed" in later[0].diagnosis


def test_variants_are_chosen_on_merit_whatever_their_order(stacking, simulator, spoilt):
    useless, good = set_(0, "lift", 0.2), set_(0, "region", "any")
    for proposals in ([useless, good], [good, useless]):
        solution = solve(stacking, simulator, spoilt, Fixed(proposals), rounds=1)
        assert solution.program is not None
        assert "region" not in solution.program.stages[0].parameters


def test_of_equally_good_programs_the_smoother_one_is_chosen(stacking, simulator, sound):
    refiner = Fixed([])
    slow = Program(stages=sound.stages, author="memory").model_copy(
        update={"stages": (sound.stages[0].model_copy(update={"parameters": {"speed": 0.1}}), sound.stages[1])}
    )
    given = replace(stacking, offered=(slow,), budget=Budget(variants=2))
    solution = attempt(simulator, given, lambda p, w: vipr(p, w, refiner=refiner))
    (only,) = solution.rounds
    jerks = [v.jerk for v in only.variants]
    assert only.chosen == int(np.argmin(jerks))
    assert refiner.cases == [], "nothing to refine"


def test_patches_that_help_nothing_leave_the_program_and_are_told_to_the_refiner(stacking, simulator, spoilt):
    useless = set_(0, "lift", 0.2)
    refiner = Fixed([useless], [useless], [set_(0, "lift", 0.1)])
    solution = solve(stacking, simulator, spoilt, refiner, rounds=3)
    assert solution.program == spoilt
    assert len(solution.rounds) == 2, "what is known already is not tried again, and then there is nothing left"
    assert solution.rounds[1].chosen is None
    assert refiner.cases[1].tried_before == ("stage 0 (pick block_red): lift = 0.2: 0 of 3 solved",)


def test_refinement_stops_at_the_target_and_at_the_budget(stacking, simulator, spoilt):
    good = set_(0, "region", "any")
    more = [set_(0, "lift", 0.1), set_(0, "lift", 0.15)]
    done = solve(stacking, simulator, spoilt, Fixed([good], more), rounds=5)
    assert len(done.rounds) == 2
    spent = solve(stacking, simulator, spoilt, Fixed(*[[set_(0, "lift", 0.1 + i / 100)] for i in range(5)]), rounds=2)
    assert len(spent.rounds) == 3


def test_proposals_that_do_not_fit_are_passed_over(stacking, simulator, spoilt):
    wrong = [
        Proposal(patches=(Regrasp(stage=1),)),
        Proposal(patches=(SlowDown(stage=9, factor=0.5),)),
        set_(0, "lift", 9.0),
        set_(0, "region", "any"),
    ]
    solution = solve(stacking, simulator, spoilt, Fixed(wrong), rounds=1)
    assert [len(r.variants) for r in solution.rounds] == [1, 1]
    assert all(o.success for o in solution.outcomes)


def test_a_scene_keeps_a_success_of_a_program_that_was_not_chosen(stacking, simulator, sound, spoilt):
    """One block lies where only one of two programs gets it; each scene is demonstrated by the one that works there."""
    given = replace(stacking, budget=Budget(variants=2))
    solution = attempt(simulator, given, lambda p, w: refine(p, w, [spoilt, sound], Fixed()))
    assert [o.success for o in solution.outcomes] == [True] * 3
    assert {o.program.digest for o in solution.outcomes if o.program} == {sound.digest}
    assert [o.row for o in solution.outcomes] == [3, 4, 5], "rows of the second copy of the scenes"


def test_an_offered_program_that_does_not_fit_the_scene_is_left_out(stacking, simulator, sound):
    alien = Program(stages=(sound.stages[0].model_copy(update={"body": "teapot"}),))
    planned = attempt(simulator, stacking, vipr).program
    assert planned is not None
    given = replace(stacking, offered=(alien, planned), budget=Budget(variants=4))
    solution = attempt(simulator, given, vipr)
    assert len(solution.rounds[0].variants) == 1, "and what is offered twice runs once"


def test_the_same_problem_is_refined_the_same_way_twice(stacking, simulator, spoilt):
    once, again = (
        solve(stacking, simulator, spoilt, ProceduralRefiner(defaults=False), rounds=2, variants=3) for _ in range(2)
    )
    assert once.rounds == again.rounds
    assert once.program == again.program
    for a, b in zip(once.outcomes, again.outcomes, strict=True):
        np.testing.assert_array_equal(a.actions, b.actions)


def test_jerk_is_that_of_a_cubic():
    t = np.arange(50) / 20.0
    actions = np.stack([t**3, np.zeros(50), np.full(50, 0.04)], axis=1).astype(np.float32)
    assert jerk_of(actions, joints=2, rate=20.0) == pytest.approx(18.0, rel=1e-2)
    assert jerk_of(actions[:3], joints=2, rate=20.0) == 0


def test_another_plan_is_tried_beside_the_patches_only_where_the_first_is_not_good_enough(
    stacking, simulator, sound, spoilt
):
    given = replace(stacking, budget=Budget(rounds=1, variants=4))
    fine = attempt(simulator, given, lambda p, w: refine(p, w, [sound], Fixed(), spare=[spoilt]))
    assert len(fine.rounds) == 1
    mended = attempt(
        simulator, given, lambda p, w: refine(p, w, [spoilt], Fixed([set_(0, "lift", 0.2)]), spare=[sound])
    )
    assert [v.patches for v in mended.rounds[1].variants] == [
        ("another plan",),
        ("stage 0 (pick block_red): lift = 0.2",),
    ]
    assert mended.program == sound
