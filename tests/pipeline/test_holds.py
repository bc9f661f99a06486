"""Goals over batches and traces: holds, progress, and the vocabulary read off the code."""

import numpy as np
import pytest

from pipeline.core.errors import GoalSyntaxError
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.layout import FLOOR, LEFT_FINGER, RIGHT_FINGER, ROBOT, SceneLayout
from pipeline.core.poses import IDENTITY_POSE
from pipeline.core.world import WorldState, WorldTrace, no_forces
from pipeline.holds import arity, holds, kinds, parse, progress, true_of

CUBE = BodyGeometry(
    bounds=Box(pose=(0, 0, 0.02, 1, 0, 0, 0), half=(0.02, 0.02, 0.02)),
    support=Box(pose=(0, 0, 0.04, 1, 0, 0, 0), half=(0.02, 0.02, 0.0)),
)
LAYOUT = SceneLayout((ROBOT, LEFT_FINGER, RIGHT_FINGER, FLOOR, "a", "b"), (), {"a": CUBE, "b": CUBE}, {})


def worlds(*heights: float) -> WorldState:
    """Worlds in which cube a is at the given heights over cube b."""
    n, bodies = len(heights), len(LAYOUT.bodies)
    pose = np.tile(np.float32(IDENTITY_POSE), (n, bodies, 1))
    pose[:, LAYOUT.body("a"), 2] = heights
    empty, q = np.zeros((n, 0), np.float32), np.zeros((n, 8), np.float32)
    velocity, contact = np.zeros((n, bodies, 6), np.float32), np.zeros((n, bodies, bodies), bool)
    return WorldState(LAYOUT, pose, velocity, empty, empty, q, q, pose[:, 0], contact, no_forces(n, LAYOUT))


def test_a_conjunction_holds_only_where_every_part_does():
    goal = parse("(and (on a b) (not (holding a)) (upright b))")
    assert holds(goal, worlds(0.04, 0.08)).tolist() == [True, False]


def test_a_disjunction_holds_where_any_part_does():
    assert holds(parse("(or (on a b) (above a b))"), worlds(0.04, 0.08, 0.0)).tolist() == [True, True, False]


def test_progress_is_the_share_of_literals_and_one_when_done():
    goal = parse("(and (on a b) (not (holding a)) (upright b) (at_rest a))")
    share = progress(goal, worlds(0.04, 0.08))
    assert share.dtype == np.float32
    assert share.tolist() == [1.0, 0.75]
    assert progress(parse("(or (on a b) (above a b))"), worlds(0.08)).tolist() == [1.0]


def test_a_negated_conjunction_counts_its_literals_negated():
    goal = parse("(not (and (on a b) (upright b)))")
    assert holds(goal, worlds(0.08)).tolist() == [True]
    assert progress(goal, worlds(0.04)).tolist() == [0.0]


def test_time_may_be_the_batch_axis():
    trace = WorldTrace.of([worlds(0.10, 0.04), worlds(0.06, 0.04), worlds(0.04, 0.04)])
    assert holds(parse("(on a b)"), trace.row(0)).tolist() == [False, False, True]
    assert progress(parse("(on a b)"), trace.row(1)).tolist() == [1.0, 1.0, 1.0]


def test_the_arity_comes_from_the_predicates_signatures():
    assert arity()["on"] == arity()["within"] == 2
    assert arity()["holding"] == arity()["is_open"] == 1
    assert kinds("inside") == ("movable", "container")


def test_a_misspelt_predicate_is_answered_with_its_position_and_the_nearest():
    with pytest.raises(GoalSyntaxError, match=r"position 6, at 'insidee'.*did you mean 'inside'"):
        parse("(and (insidee a b))")


def test_a_misspelt_object_is_answered_with_the_nearest():
    with pytest.raises(GoalSyntaxError, match=r"unknown object; did you mean 'mug'"):
        parse("(on mgu plate)", ("mug", "plate"))


GRIPPED = [("a", LEFT_FINGER), ("a", RIGHT_FINGER)]


def touched(world: WorldState, *pairs: tuple[str, str]) -> WorldState:
    for a, b in pairs:
        world.contact[:, LAYOUT.body(a), LAYOUT.body(b)] = world.contact[:, LAYOUT.body(b), LAYOUT.body(a)] = True
    return world


def pushed(world: WorldState, body: str, speed: float) -> WorldState:
    world.velocity[:, LAYOUT.body(body), 0] = speed
    return world


@pytest.mark.parametrize("formula", ["(near a b)", "(upright a)", "(not (touching a b))", "(above a b)"])
def test_no_goal_is_reached_by_what_is_still_held_or_moves(formula):
    goal, height = parse(formula), 0.0 if "near" in formula else 0.04
    assert holds(goal, worlds(height)).tolist() == [True]
    for world in (touched(worlds(height), *GRIPPED), pushed(worlds(height), "a", 0.05)):
        assert true_of(goal, world).tolist() == [True]
        assert holds(goal, world).tolist() == [False]
        assert 0.0 < progress(goal, world).item() < 1.0


def test_what_a_goal_wants_held_need_not_be_let_go_but_all_else_must():
    goal = parse("(and (holding a) (upright b))")
    assert holds(goal, touched(worlds(0.3), *GRIPPED)).tolist() == [True]
    both = touched(worlds(0.3), *GRIPPED, ("b", LEFT_FINGER), ("b", RIGHT_FINGER))
    assert holds(goal, both).tolist() == [False]
    assert holds(goal, pushed(touched(worlds(0.3), *GRIPPED), "a", 0.05)).tolist() == [False]


def test_things_the_goal_does_not_name_may_move():
    assert holds(parse("(upright a)"), pushed(worlds(0.04), "b", 1.0)).tolist() == [True]
