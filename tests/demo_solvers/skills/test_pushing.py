"""Push as told by its parameters, in kinematic worlds."""

import numpy as np
import pytest

from demo_solvers.solvers.vipr import carry_out
from pipeline.core import poses
from pipeline.core.program import Program, Relation, Stage
from pipeline.holds import holds, parse
from pipeline.rollout import BatchWorlds

GOAL = "(within carton zone_red)"
START = {"carton": (0.45, -0.05, 0.035, 1, 0, 0, 0), "zone_red": (0.47, 0.15, 0.0, 1, 0, 0, 0)}


@pytest.fixture(scope="module")
def carton(problem):
    return problem(GOAL, "carton", "zone_red", family="push", at=START, worlds=1)


@pytest.fixture
def push(simulator, carton):
    """Outcome, worlds, for a push with some parameters."""

    def pushed(**parameters):
        stage = Stage(
            skill="push",
            body="carton",
            relations=(Relation(predicate="within", anchor="zone_red"),),
            parameters=parameters,
            post=GOAL,
        )
        worlds = BatchWorlds(simulator, carton)
        return carry_out(Program(stages=(stage,)), carton, worlds)[0], worlds

    return pushed


def at_contact(outcome, worlds):
    """The state when the push begins: the hand behind the carton."""
    first = int(np.argmax(outcome.stages == outcome.stage_names.index("push carton within zone_red")))
    return worlds.trace().at(first)


def test_it_is_pushed_into_the_region_from_the_side_that_faces_away_from_it(push):
    outcome, worlds = push()
    assert outcome.diagnosis.cause == "none"
    assert holds(parse(GOAL), worlds.state()).all()
    assert at_contact(outcome, worlds).tcp[0, 1] < -0.05 - 0.05


@pytest.mark.parametrize(("side", "axis", "sign"), [("left", 1, 1), ("right", 1, -1), ("front", 0, -1)])
def test_the_hand_goes_to_the_side_it_is_told(push, side, axis, sign):
    outcome, worlds = push(side=side)
    state = at_contact(outcome, worlds)
    assert sign * (state.tcp[0, axis] - state.body("carton")[0, axis]) > 0.05


def test_from_the_wrong_side_it_does_not_get_there_and_that_is_said(push):
    outcome, _ = push(side="left")
    assert outcome.diagnosis.cause == "push_missed"
    assert outcome.diagnosis.number == 0


def test_gap_and_height_are_as_asked(push, robot):
    outcome, worlds = push(gap=0.02, height=0.8)
    state = at_contact(outcome, worlds)
    assert state.qpos[0, robot.width_column] == pytest.approx(0.02, abs=1e-3)
    assert state.tcp[0, 2] == pytest.approx(0.8 * 0.07, abs=5e-3)


def test_overshoot_moves_it_further(push):
    plain, far = push()[1].state(), push(overshoot=0.03)[1].state()
    assert far.body("carton")[0, 1] - plain.body("carton")[0, 1] == pytest.approx(0.03, abs=0.01)


TALL = {"loudspeaker": (0.45, -0.1, 0.0, 1, 0, 0, 0), "zone_red": (0.47, 0.08, 0.0, 1, 0, 0, 0)}


def test_the_hand_leans_back_behind_what_is_taller_than_its_fingers_and_only_there(simulator, problem, push):
    built = problem("(within loudspeaker zone_red)", "loudspeaker", "zone_red", family="push", at=TALL, worlds=1)
    relation = Relation(predicate="within", anchor="zone_red")
    stage = Stage(skill="push", body="loudspeaker", relations=(relation,), parameters={"lean": 0.4})
    worlds = BatchWorlds(simulator, built)
    outcome = carry_out(Program(stages=(stage,)), built, worlds)[0]
    first = int(np.argmax(outcome.stages == outcome.stage_names.index(str(stage))))
    assert lean(worlds.trace().at(first)) == pytest.approx(0.4, abs=0.03)
    upright, flat = push(lean=0.4, height=0.9)
    assert lean(at_contact(upright, flat)) == pytest.approx(0.0, abs=0.03)


def lean(state):
    """Angle [rad] of the hand from straight down."""
    down = -poses.quat_rotate(state.tcp[:, 3:], np.array([0.0, 0.0, 1.0]))[0, 2]
    return float(np.arccos(np.clip(down, -1, 1)))
