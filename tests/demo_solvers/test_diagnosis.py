"""Diagnosis from states: silent failures, stages that begin without what they need, and what was seen, in words."""

from dataclasses import replace

import numpy as np
import pytest

from demo_solvers.diagnosis import Attempted, diagnose, worst
from demo_solvers.execution import Span
from demo_solvers.refinement.trial import tried
from pipeline.core.episode import Diagnosis
from pipeline.core.program import Program, Relation, Stage
from pipeline.core.world import WorldState
from pipeline.rollout import BatchWorlds

GOAL = "(on block_red block_green)"
PICK = Stage(skill="pick", body="block_red")
PLACE = Stage(skill="place", body="block_red", relations=(Relation(predicate="on", anchor="block_green"),))


@pytest.fixture(scope="module")
def built(problem):
    return problem(GOAL, "block_red", "block_green", worlds=2, family="stack")


@pytest.fixture(scope="module")
def failures(built, simulator):
    def of(*stages):
        return tried([Program(stages=stages)], built, BatchWorlds(simulator, built))[0].failures

    return of


@pytest.fixture(scope="module")
def start(built, simulator):
    return BatchWorlds(simulator, built).state().rows(slice(0, 1))


def moved(state, **shifts):
    """One world with bodies moved by so much, and touching nothing."""
    pose = state.pose.copy()
    for body, shift in shifts.items():
        pose[:, state.layout.body(body), :3] += np.float32(shift)
    return replace(state, pose=pose)


def over_time(*states):
    return WorldState.stack(list(states))


def test_a_stage_without_what_it_needs_is_the_root_whatever_its_skill_reports(failures):
    for failure in failures(PLACE):
        assert (failure.root.cause, failure.root.number) == ("needs_unmet", 0)
        assert failure.root.expected == "(holding block_red)"
        assert failure.reported.cause != "needs_unmet"


def test_what_a_skill_noticed_itself_stays_as_it_said(failures):
    bottom = PICK.model_copy(update={"parameters": {"region": "handle"}})
    for failure in failures(bottom, PLACE):
        assert failure.root == failure.reported
        assert (failure.root.cause, failure.root.number) == ("ik_failed", 0)


def test_a_program_that_ends_too_early_is_told_which_literals_are_missing(failures):
    for failure in failures(PICK):
        assert failure.root.cause == "goal_unmet"
        assert failure.root.expected == GOAL


def test_a_silent_failure_is_found_by_what_the_stage_should_have_brought_about(start):
    attempted = Attempted(Program(stages=(PICK, PLACE)), GOAL, (Span(0, 0, 1), Span(1, 1, 2)), 20.0)
    states = over_time(start, start, moved(start, block_red=(0.1, 0, 0)))
    failure = diagnose(attempted, Diagnosis(cause="goal_unmet"), states, scene=3)
    assert (failure.scene, failure.root.cause, failure.root.number) == (3, "stage_unmet", 0)
    assert failure.root.expected == "(holding block_red)"
    assert "reported nothing" in failure.root.seen


def test_what_was_reached_and_lost_again_is_blamed_on_the_stage_that_undid_it(failures):
    aside = PLACE.model_copy(update={"relations": (Relation(predicate="on", anchor="table"),)})
    (first, *_) = failures(PICK, PLACE, PICK, aside) or (None,)
    assert first is not None
    assert (first.root.cause, first.root.number) == ("goal_unmet", 2)
    assert first.root.expected == GOAL


def test_the_state_difference_says_what_became_true_and_what_moved(failures):
    (first, *_) = failures(PICK)
    words = first.in_words()
    assert "(holding block_red) became true" in words
    assert "block_red moved by x" in words
    assert "block_green moved" not in words
    assert words.splitlines()[0].startswith("goal_unmet")


def test_evidence_is_measured_on_the_stage_at_fault(start):
    attempted = Attempted(Program(stages=(PLACE,)), GOAL, (Span(0, 0, 2),), 20.0)
    states = over_time(start, start, moved(start, block_red=(0.05, 0, 0), block_green=(0, 0.02, 0)))
    evidence = diagnose(attempted, Diagnosis(cause="place_missed", number=0), states, scene=0).evidence
    assert evidence.shoved == {"block_green": pytest.approx(0.02, abs=1e-4)}
    assert evidence.offset is not None
    gap = states.body("block_red")[-1, :2] - states.body("block_green")[-1, :2]
    assert np.hypot(*evidence.offset[:2]) == pytest.approx(np.linalg.norm(gap), abs=1e-3)
    assert "shoved by 2.0 cm" in " ".join(evidence.in_words())


def test_the_representative_is_of_the_most_frequent_kind_and_the_earliest_stage(start):
    attempted = Attempted(Program(stages=(PICK, PLACE)), GOAL, (Span(0, 0, 1), Span(1, 1, 2)), 20.0)
    held = over_time(start, start, start)

    def one(scene, cause, number, amount):
        return diagnose(attempted, Diagnosis(cause=cause, number=number, amount=amount), held, scene=scene)

    several = [one(0, "ik_failed", 0, None), one(1, "grasp_missed", 0, 0.01), one(2, "grasp_missed", 0, 0.03)]
    assert worst(several).scene == 2


def test_what_is_amiss_with_a_success_is_not_explained_away_by_its_stages(start):
    attempted = Attempted(Program(stages=(PICK, PLACE)), GOAL, (Span(0, 0, 1), Span(1, 1, 2)), 20.0)
    touch = Diagnosis(cause="hard_touch", number=1, bodies=("robot", "table"))
    failure = diagnose(attempted, touch, over_time(start, start, start), scene=0)
    assert failure.root == touch
