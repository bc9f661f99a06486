"""Regrasping: a carton is to lie with a side on top by which it cannot be taken where it stands."""

import numpy as np
import pytest

from demo_solvers.grasping import select
from demo_solvers.solvers.vipr import carry_out
from pipeline.core import poses
from pipeline.core.doors import Problem
from pipeline.core.geometry import Grasp
from pipeline.core.program import Program, Stage, Target
from pipeline.holds import holds, parse
from pipeline.rollout import BatchWorlds

FRONT_UP = (0.5, 0.2, 0.03, *np.sqrt([0.5, 0.0, 0.5, 0.0]) * [1, 0, -1, 0])  # its +x side on top
STAGES = (
    Stage(skill="pick", body="milk"),
    Stage(skill="place", body="milk", target=Target(pose=FRONT_UP), post="(lying milk)"),
)
SIDE = np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]])  # the hand comes along -x, its fingers close along y


@pytest.fixture(scope="module", autouse=True)
def upright_hand():
    """A hand that does not tilt about its grip, or it would get there at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(select, "TILTS", (0.0,))
        yield


def down(grasp):
    return poses.quat_rotate(np.array(grasp.pose[3:]), np.array([0.0, 0.0, 1.0]))[2] < -0.97


@pytest.fixture(scope="module")
def two_ways(problem):
    """The milk with grasps from above and from the side that is to lie on top, which the hand does not get behind."""
    at = {"milk": (0.55, 0.0, 0.0, 1, 0, 0, 0)}
    built = problem("(lying milk)", "milk", "table", at=at, worlds=2, horizon=60.0)
    milk = built.scenes[0].placement("milk").asset
    base = milk.links[""]
    above = tuple(g for g in base.grasps if down(g))
    beside = Grasp(pose=(0.0, 0.0, 0.1, *map(float, poses.matrix_to_quat(SIDE))), width=0.059, score=1.0)
    kept = (*above[:4], beside)
    few = milk.model_copy(update={"links": {"": base.model_copy(update={"grasps": kept})}})
    scenes = tuple(
        s.model_copy(
            update={
                "placements": tuple(
                    p.model_copy(update={"asset": few}) if p.name == "milk" else p for p in s.placements
                )
            }
        )
        for s in built.scenes
    )
    return Problem(built.task, scenes, 0)


@pytest.fixture(scope="module")
def laid(simulator, two_ways):
    worlds = BatchWorlds(simulator, two_ways)
    outcomes = carry_out(Program(stages=STAGES), two_ways, worlds)
    return outcomes, worlds


def test_it_is_put_down_turned_and_taken_again(laid):
    outcomes, worlds = laid
    assert [o.diagnosis.cause for o in outcomes] == ["none", "none"], [o.diagnosis for o in outcomes]
    assert holds(parse("(lying milk)"), worlds.state()).all()
    front = poses.quat_rotate(worlds.state().body("milk")[:, 3:], np.array([1.0, 0, 0]))
    assert (front[:, 2] > 0.95).all()


def test_the_stages_name_it(laid):
    names = laid[0][0].stage_names
    first = names.index("regrasp milk")
    assert names[first:].count("grasp milk") == 2
    assert names.index("place milk on table: release") < len(names) - 1 - names[::-1].index("grasp milk")


def test_without_the_time_for_it_the_reason_is_the_missing_grasp(simulator, two_ways):
    short = Problem(two_ways.task.model_copy(update={"horizon": 15.0}), two_ways.scenes, 0)
    for outcome in carry_out(Program(stages=STAGES), short, BatchWorlds(simulator, short)):
        assert outcome.diagnosis.cause == "ik_failed"
        assert "grasp of milk" in outcome.diagnosis.expected
        assert "regrasp milk" not in outcome.stage_names
