"""Open, close, turn and press in physics: joints end where they should, and what fell short is told with its amount."""

import numpy as np
import pytest

from demo_solvers.solvers.vipr import carry_out
from pipeline.core.doors import Solution
from pipeline.core.errors import InvalidInputError
from pipeline.core.program import Program, Stage
from pipeline.core.world import HAND
from pipeline.rollout import attempt
from pipeline.sim.mujoco import mujoco


@pytest.fixture(scope="module")
def physics(catalog):
    simulator = mujoco(catalog)
    yield simulator
    simulator.close()


@pytest.fixture(scope="module")
def worked(problem, physics):
    """Outcomes of one stage on a joint of a library asset, judged by its goal."""

    def work(skill, body, goal, *, initial=(), worlds=2, post=True, at=None, **parameters):
        built = problem(goal, "table", body.split("/")[0], initial=initial, worlds=worlds, at=at, horizon=40.0)
        stage = Stage(skill=skill, body=body, post=goal if post else None, parameters=parameters)
        program = Program(stages=(stage,))

        def solver(problem, worlds):
            return Solution(carry_out(program, problem, worlds), program)

        return attempt(physics, built, solver).outcomes

    return work


@pytest.mark.parametrize(
    ("skill", "body", "before", "after"),
    [
        ("open", "fridge/door", "is_closed", "is_open"),
        ("open", "cabinet/bottom_drawer", "is_closed", "is_open"),
        ("close", "oven/door", "is_open", "is_closed"),
        ("close", "laptop/lid", "is_open", "is_closed"),
        ("turn", "faucet/hot_tap", "turned_off", "turned_on"),
        ("turn", "microwave/dial", "turned_on", "turned_off"),
    ],
)
def test_a_joint_is_brought_where_the_goal_wants_it_and_stays(worked, skill, body, before, after):
    outcomes = worked(skill, body, f"({after} {body})", initial=(f"({before} {body})",))
    assert all(o.success for o in outcomes), [o.diagnosis for o in outcomes]


def test_the_hand_is_off_the_door_in_the_end(worked):
    for outcome in worked("close", "fridge/door", "(is_closed fridge/door)", initial=("(is_open fridge/door)",)):
        last = outcome.trace.rows(slice(-1, None))
        for part in ("robot", "robot/left_finger", "robot/right_finger"):
            assert not last.touching("fridge/door", part).any()


def test_a_button_goes_down_to_its_stop_and_comes_back(worked):
    for outcome in worked("press", "push_button/button", "(at_rest push_button/button)", post=False):
        joint = outcome.trace.joint_position("push_button/button_press")
        assert outcome.success, outcome.diagnosis
        assert joint.max() > 0.8 * 0.008
        assert abs(joint[-1]) < 0.001


@pytest.mark.parametrize(
    ("skill", "body", "before", "after", "most"),
    [
        ("close", "oven/door", "is_open", "is_closed", 60.0),
        ("turn", "microwave/dial", "turned_on", "turned_off", 80.0),
        ("press", "microwave/start_button", "at_rest", "at_rest", 10.0),
    ],
)
def test_the_hand_gives_way_to_what_it_moves(worked, skill, body, before, after, most):
    outcomes = worked(skill, body, f"({after} {body})", initial=(f"({before} {body})",), post=skill != "press")
    pressed = [float(o.trace.force[:, HAND, o.trace.layout.body(body)].max()) for o in outcomes]
    assert all(0.5 < force < most for force in pressed), pressed  # N


def test_a_drawer_can_be_pulled_out_by_a_share(worked):
    body = "cabinet/top_drawer"
    for outcome in worked("open", body, f"(at_rest {body})", initial=(f"(is_closed {body})",), post=False, share=0.5):
        assert outcome.success, outcome.diagnosis
        assert 0.4 < outcome.trace.joint_position("cabinet/top_drawer_slide")[-1] / 0.2 < 0.6


def test_a_joint_that_cannot_be_reached_is_diagnosed(worked):
    body = "cabinet/top_drawer"
    far = {"cabinet": (1.6, 0.0, 0.0, 1, 0, 0, 0)}
    for outcome in worked("open", body, f"(is_open {body})", at=far):
        assert not outcome.success
        assert outcome.diagnosis.cause == "ik_failed"
        assert body in outcome.diagnosis.expected


def test_a_goal_that_the_stage_did_not_bring_is_said_to_be_short_and_how_far_it_came(worked):
    body = "cabinet/top_drawer"
    for outcome in worked("open", body, f"(is_open {body})", initial=(f"(is_closed {body})",), share=0.4):
        assert outcome.diagnosis.cause == "joint_short"
        assert outcome.diagnosis.seen.endswith("% of its travel")
        assert 30 < int(outcome.diagnosis.seen.split()[2].rstrip("%")) < 50
        assert outcome.diagnosis.bodies == (body,)


def test_rows_do_not_depend_on_their_neighbours_contacts(worked):
    body = "faucet/hot_tap"
    alone = worked("turn", body, f"(turned_on {body})", initial=(f"(turned_off {body})",), worlds=1)
    both = worked("turn", body, f"(turned_on {body})", initial=(f"(turned_off {body})",), worlds=2)
    assert alone[0].success, alone[0].diagnosis
    assert both[0].success, both[0].diagnosis
    reach = int((alone[0].stages == 0).sum())
    first, second = alone[0].actions[reach - 1], both[0].actions[int((both[0].stages == 0).sum()) - 1]
    np.testing.assert_allclose(first, second, atol=1e-5)


def test_parameters_out_of_range_are_refused(worked):
    with pytest.raises(InvalidInputError, match=r"turn: share is 2\.0; allowed: 0\.3 to 1 of the travel"):
        worked("turn", "stove/knob", "(turned_on stove/knob)", share=2.0)
