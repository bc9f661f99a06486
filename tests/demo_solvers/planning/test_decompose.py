"""From goals to programs: what comes first, what comes last, and when there is no plan."""

import pytest

from demo_solvers.planning.decompose import decompose
from pipeline.core.program import Relation

TOP, BOTTOM = "cabinet/top_drawer", "cabinet/bottom_drawer"
THINGS = ("block_red", "block_green", "block_blue", "mug", "plate", "carton", "zone_red", "cabinet")


@pytest.fixture(scope="module")
def shut(problem, simulator):
    """A table top with both drawers shut."""
    return simulator.load(problem("(on mug plate)", *THINGS[:4], "cabinet", "carton", worlds=2).scenes)


@pytest.fixture(scope="module")
def opened(problem, simulator):
    """The same with the top drawer open."""
    built = problem("(on mug plate)", "mug", "block_red", "cabinet", initial=(f"(is_open {TOP})",))
    return simulator.load(built.scenes)


@pytest.fixture(scope="module")
def pushing(problem, simulator):
    built = problem("(within carton zone_red)", "carton", "zone_red", "mug", family="push")
    return simulator.load(built.scenes)


def steps(goal, world):
    program = decompose(goal, world)
    assert program is not None
    return [f"{call.skill} {call.body}" for call in program.stages]


def test_a_thing_is_picked_and_then_placed(shut):
    program = decompose("(and (on block_red block_green) (not (holding block_red)))", shut)
    assert program is not None
    pick, place = program.stages
    assert (pick.skill, place.skill, place.body) == ("pick", "place", "block_red")
    assert place.relations == (Relation(predicate="on", anchor="block_green"),)
    assert place.post == "(and (on block_red block_green))"


def test_a_tower_is_built_from_the_bottom_however_the_goal_is_written(shut):
    goal = "(and (on block_red block_green) (on block_green block_blue))"
    backwards = "(and (on block_green block_blue) (on block_red block_green))"
    expected = ["pick block_green", "place block_green", "pick block_red", "place block_red"]
    assert steps(goal, shut) == steps(backwards, shut) == expected


def test_a_shut_drawer_is_opened_before_something_goes_in_even_if_the_goal_does_not_say_so(shut):
    assert steps(f"(inside mug {TOP})", shut) == [f"open {TOP}", "pick mug", "place mug"]


def test_an_open_drawer_is_not_opened_again(opened):
    assert steps(f"(and (is_open {TOP}) (inside mug {TOP}))", opened) == ["pick mug", "place mug"]


def test_what_is_to_be_shut_is_shut_last(shut, opened):
    goal = f"(and (is_closed {TOP}) (inside mug {TOP}))"
    assert steps(goal, shut) == [f"open {TOP}", "pick mug", "place mug", f"close {TOP}"]
    assert steps(goal, opened) == ["pick mug", "place mug", f"close {TOP}"]


def test_not_open_means_close_and_not_closed_means_open(shut, opened):
    assert steps(f"(not (is_open {TOP}))", opened) == [f"close {TOP}"]
    assert steps(f"(not (is_closed {BOTTOM}))", shut) == [f"open {BOTTOM}"]


def test_a_drawer_named_twice_is_opened_once(shut):
    goal = f"(and (is_open {TOP}) (inside mug {TOP}) (inside block_red {TOP}))"
    assert steps(goal, shut).count(f"open {TOP}") == 1


def test_what_the_hand_cannot_take_is_pushed(pushing):
    program = decompose("(within carton zone_red)", pushing)
    assert program is not None
    (call,) = program.stages
    assert (call.skill, call.body) == ("push", "carton")
    assert call.post == "(and (within carton zone_red))"


def test_the_carrier_leads_and_directions_follow(shut):
    program = decompose("(and (left_of mug block_red) (on mug cabinet))", shut)
    assert program is not None
    assert [r.predicate for r in program.stages[-1].relations] == ["on", "left_of"]


def test_two_things_that_wait_for_each_other_are_taken_as_written(shut):
    goal = "(and (near mug block_red) (near block_red mug))"
    assert steps(goal, shut)[0] == "pick mug"


def test_nobody_lifts_what_cannot_be_grasped(shut):
    assert decompose("(on carton block_red)", shut) is None
    assert decompose("(and (on mug block_red) (on carton block_red))", shut) is None


def test_a_goal_without_work_for_any_skill_has_no_plan(shut):
    assert decompose("(and (at_rest mug) (not (holding mug)))", shut) is None
