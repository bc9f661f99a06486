"""Trials of proposals: a sound task passes in every scene, a bad one is told why, and the answer is always the same."""

from flows.trials import GateOptions, Trials, try_task
from pipeline.core.task import TaskObject, TaskSpec

KINEMATIC = GateOptions(backend="kinematic", scenes=2)


def a_task(goal: str, *assets: str, initial: tuple[str, ...] = ()) -> TaskSpec:
    objects = tuple(TaskObject(name=a, asset=a) for a in assets)
    return TaskSpec(
        name="a_task", family="operate", instruction="Do it.", objects=objects, initial=initial, goal=goal, horizon=2
    )


def test_a_sound_task_passes_in_every_scene():
    trial = try_task(a_task("(turned_on lever/lever)", "lever", initial=("(turned_off lever/lever)",)), KINEMATIC)
    assert (trial.ok, trial.passed, trial.reasons) == (True, 2, ())


def test_a_goal_that_holds_already_is_refused_with_its_code():
    trial = try_task(a_task("(turned_off lever/lever)", "lever"), KINEMATIC)
    assert (trial.ok, trial.passed) == (False, 0)
    assert {r.code for r in trial.reasons} == {"goal_already_true"}


def test_a_start_that_finds_no_room_is_a_reason_and_no_error():
    crowd = a_task("(inside drill bowl)", "drill", "bowl", initial=("(inside drill bowl)",))
    trial = try_task(crowd, KINEMATIC)
    assert [r.code for r in trial.reasons] == ["unplaceable"]


def test_a_process_of_its_own_says_the_same_in_the_order_asked():
    good = a_task("(is_open fridge/door)", "fridge", initial=("(is_closed fridge/door)",))
    bad = a_task("(is_closed fridge/door)", "fridge")
    with Trials(KINEMATIC) as trials:
        assert [t.ok for t in trials.judge([bad, good])] == [False, True]
