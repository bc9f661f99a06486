"""What a stage is learned as follows from its program: its goal, what it sees, and how the hand may move."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from demo_solvers.learning.curriculum import nearer
from demo_solvers.learning.deriving import contact_wishes, learnable, learned_stage, useful
from demo_solvers.learning.sketch import sketch
from pipeline.core import poses
from pipeline.core.doors import Problem
from pipeline.core.program import Program, Relation, Stage
from pipeline.core.scene import SceneSpec
from pipeline.holds import parse, true_of
from pipeline.rollout import BatchWorlds
from pipeline.sim.kinematic import kinematic

PUSH = Stage(skill="push", body="cookie_box", relations=(Relation(predicate="within", anchor="zone_green"),))


def test_the_last_stage_has_the_goal_of_the_task_and_earlier_ones_their_own(push: Problem) -> None:
    whole = "(and (within cookie_box zone_green) (aligned cookie_box zone_green))"
    twice = Program(stages=(PUSH, PUSH))
    assert learned_stage(twice, 1, whole, push.layout).goal == whole
    first = learned_stage(twice, 0, whole, push.layout)
    assert first.goal == "(within cookie_box zone_green)"
    assert (first.body, first.others, first.fingers) == ("cookie_box", ("zone_green",), "kept")
    assert first.freedoms == ("x", "y", "yaw")
    told = PUSH.model_copy(update={"post": "(at_rest cookie_box)"})
    assert learned_stage(Program(stages=(told, PUSH)), 0, whole, push.layout).goal == "(at_rest cookie_box)"


def test_what_works_by_touch_or_fits_can_be_learned() -> None:
    skills = ("push", "open", "insert", "pick", "place")
    assert [s for s in skills if learnable(Stage(skill=s, body="cookie_box"))] == ["push", "open", "insert"]


def test_a_box_to_be_pushed_is_touched_behind(push: Problem) -> None:
    (wish,) = contact_wishes(PUSH, push.task.goal, push.layout)
    assert (wish.body, wish.manner, wish.toward) == ("cookie_box", "push", "zone_green")


def test_what_is_where_it_should_be_is_turned_from_its_sides(push: Problem, simulator: kinematic) -> None:
    goal = "(and (within cookie_box zone_green) (aligned cookie_box zone_green))"
    named = contact_wishes(PUSH, goal, push.layout)
    away = useful(named, goal, simulator.load(push.scenes))
    assert [w.toward for w in away] == ["zone_green"]
    stage = learned_stage(Program(stages=(PUSH,)), 0, goal, push.layout)
    there = useful(named, goal, simulator.load(nearer(stage, push.scenes, 1.0)))
    assert {(w.toward, w.region) for w in there} == {(None, "left"), (None, "right")}


def test_what_does_not_stick_out_yet_is_drawn_before_it_is_turned(push: Problem, simulator: kinematic) -> None:
    goal = "(and (overhanging cookie_box zone_green) (aligned cookie_box zone_green))"
    named = contact_wishes(PUSH, goal, push.layout)
    assert [w.toward for w in useful(named, goal, simulator.load(push.scenes))] == ["robot"]


def test_the_curriculum_brings_the_box_nearer_and_turns_it_with_its_anchor(push: Problem) -> None:
    stage = learned_stage(
        Program(stages=(PUSH,)), 0, "(and (within cookie_box zone_green) (aligned cookie_box zone_green))", push.layout
    )
    scene = push.scenes[0]
    for share in (0.25, 0.75):
        (moved,) = nearer(stage, [scene], share)
        before, after = (distance(s) for s in (scene, moved))
        assert after == pytest.approx((1 - share) * before, abs=1e-3)
        assert moved.placement("cookie_box").pose[2] == pytest.approx(scene.placement("cookie_box").pose[2], abs=1e-6)
        assert moved.build_key == scene.build_key


def test_all_the_way_is_the_goal(push: Problem, simulator: kinematic) -> None:
    goal = "(and (within cookie_box zone_green) (aligned cookie_box zone_green))"
    stage = learned_stage(Program(stages=(PUSH,)), 0, goal, push.layout)
    state = simulator.load(nearer(stage, push.scenes, 1.0))
    assert true_of(parse(goal), state).all()


def test_what_is_to_stick_out_is_drawn_straight_over_the_edge_that_faces_the_robot(
    problem: Callable[..., Problem], simulator: kinematic
) -> None:
    at = {"ledge": (0.62, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0), "thin_board": (0.63, 0.03, 0.12, *turned_by(0.05))}
    built = problem("(overhanging thin_board ledge)", "thin_board", "ledge", at=at, worlds=1, family="push")
    slide = Stage(skill="slide", body="thin_board", relations=(Relation(predicate="overhanging", anchor="ledge"),))
    stage = learned_stage(Program(stages=(slide,)), 0, built.task.goal, built.layout)
    reached = [stage.reached(simulator.load(nearer(stage, built.scenes, share)))[0] for share in (0.0, 0.25, 0.7, 1.0)]
    assert reached == [False, False, False, True]
    start, end = (np.array(s.placement("thin_board").pose) for s in (*built.scenes, *nearer(stage, built.scenes, 1.0)))
    assert end[0] < start[0] - 0.05, "towards the robot, though another edge is nearer"
    np.testing.assert_allclose(end[1:], start[1:], atol=1e-6)


def test_what_is_held_has_no_nearer_starts(push: Problem) -> None:
    stage = learned_stage(Program(stages=(PUSH,)), 0, "(holding cookie_box)", push.layout)
    assert nearer(stage, push.scenes, 0.5) == []


def test_a_sketch_works_on_what_is_not_true_yet(push: Problem, simulator: kinematic) -> None:
    world = BatchWorlds(simulator, push).state()
    found = sketch("(and (within cookie_box zone_green) (aligned cookie_box zone_green))", world)
    assert found is not None
    assert [str(stage) for stage in found.stages] == ["push cookie_box within zone_green"]
    assert sketch("(holding cookie_box)", world) is None


def distance(scene: SceneSpec) -> float:
    box, zone = (np.array(scene.placement(name).pose[:2]) for name in ("cookie_box", "zone_green"))
    return float(np.linalg.norm(box - zone))


def turned_by(angle: float) -> tuple[float, ...]:
    return tuple(poses.quat_from_yaw(np.array(angle)).tolist())
