"""Wipe: small things are swept into a region by strokes along the table, in kinematic worlds and in physics."""

import numpy as np
import pytest

from demo_solvers.conduct import conduct
from pipeline.conduct import HAND_TOUCH
from pipeline.core.program import Program, Relation, Stage
from pipeline.core.world import HAND
from pipeline.holds import holds, parse
from pipeline.rollout import BatchWorlds
from pipeline.sim.mujoco import mujoco

THING, GOAL = "cupcake", "(within cupcake zone_green)"


@pytest.fixture(scope="module")
def built(problem):
    return problem(GOAL, THING, "zone_green", family="push", worlds=3)


def swept(built, simulator, **parameters):
    stage = Stage(
        skill="wipe", body=THING, relations=(Relation(predicate="within", anchor="zone_green"),), parameters=parameters
    )
    return conduct(Program(stages=(stage,)), built, BatchWorlds(simulator, built))


def test_a_small_thing_ends_in_the_region(built, simulator):
    ex = swept(built, simulator)
    assert [d.cause for d in ex.diagnoses] == ["none"] * 3
    assert holds(parse(GOAL), ex.state()).all()
    np.testing.assert_allclose(ex.state().body(THING)[:, 2], built.scenes[0].placement(THING).pose[2], atol=5e-3)


def test_a_stroke_that_stops_short_is_told_by_how_much(built, simulator):
    ex = swept(built, simulator, overshoot=-0.05, strokes=1)
    short = [d for d in ex.diagnoses if d.cause == "wipe_missed"]
    assert all(d.amount > 0.02 and d.bodies == (THING, "zone_green") for d in short)
    full = swept(built, simulator)
    assert full.steps >= ex.steps


def test_what_is_there_already_is_left_alone(built, simulator, problem):
    zone = built.scenes[0].placement("zone_green").pose
    x, y = zone[:2]
    at = {THING: (x, y, built.scenes[0].placement(THING).pose[2], 1.0, 0.0, 0.0, 0.0), "zone_green": zone}
    there = problem(GOAL, THING, "zone_green", family="push", worlds=1, at=at)
    ex = swept(there, simulator)
    assert ex.diagnoses[0].cause == "none"
    assert "reach" not in " ".join(ex.stage_names)


@pytest.mark.physics
def test_in_physics_it_is_swept_there_without_pressing_on_the_table(built, catalog):
    simulator = mujoco(catalog)
    ex = swept(built, simulator)
    assert ex.alive.sum() >= 2
    assert holds(parse(GOAL), ex.state())[ex.alive].all()
    trace = ex.worlds.trace()
    assert trace.flat.force[:, HAND, trace.flat.layout.body("table")].max() < HAND_TOUCH
    simulator.close()
