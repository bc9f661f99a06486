"""Placement candidates, tried out: the object is put there, let fall, and the relation is judged."""

import numpy as np
import pytest

from demo_solvers.planning.placement import placement_candidates
from pipeline.core import poses
from pipeline.core.program import Relation
from pipeline.holds import holds, parse


@pytest.fixture
def put(simulator):
    """Put ``body`` at candidate ``option`` in every world of a problem and let it settle."""

    def settle(problem, body, targets, option):
        scenes = [s.with_placements({body: tuple(targets[i, option])}) for i, s in enumerate(problem.scenes)]
        simulator.load(scenes)
        still = np.array([s.robot_start for s in scenes], np.float32)
        return simulator.run(np.stack([still] * 2)).at(-1)

    return settle


def candidates(simulator, problem, body, *relations):
    world = simulator.load(problem.scenes)
    found = placement_candidates(world, body, tuple(Relation(predicate=p, anchor=a) for p, a in relations))
    return found.pose[:, found.ok.all(axis=0)]


@pytest.mark.parametrize(
    ("body", "relations"),
    [
        ("mug", [("on", "plate")]),
        ("block_red", [("on", "block_green")]),
        ("puzzle_cube", [("inside", "bowl")]),
        ("block_red", [("inside", "tray")]),
        ("milk", [("near", "plate")]),
        ("block_red", [("near", "bowl"), ("left_of", "bowl")]),
        ("mug", [("near", "plate"), ("right_of", "plate")]),
        ("cupcake", [("near", "chopping_board"), ("in_front_of", "chopping_board")]),
        ("cupcake", [("near", "book"), ("behind", "book")]),
    ],
)
def test_every_candidate_meets_its_relations_once_the_object_is_there(simulator, problem, put, body, relations):
    anchor = relations[0][1]
    goal = f"(and {' '.join(f'({p} {body} {a})' for p, a in relations)} (upright {body}))"
    built = problem(goal, body, anchor)
    targets = candidates(simulator, built, body, *relations)
    assert targets.shape[0] == 2
    for option in range(targets.shape[1]):
        assert holds(parse(goal), put(built, body, targets, option)).all(), f"option {option}"


@pytest.mark.parametrize("drawer", ["cabinet/top_drawer", "cabinet/bottom_drawer"])
def test_what_goes_into_a_drawer_ends_inside_it(simulator, problem, put, drawer):
    goal = f"(inside block_red {drawer})"
    built = problem(goal, "cabinet", "block_red", initial=(f"(is_open {drawer})",))
    targets = candidates(simulator, built, "block_red", ("inside", drawer))
    for option in range(targets.shape[1]):
        assert holds(parse(goal), put(built, "block_red", targets, option)).all(), f"option {option}"


def test_a_drawer_is_served_towards_its_front_where_no_cabinet_hangs_over_it(simulator, problem):
    drawer = "cabinet/bottom_drawer"
    built = problem(f"(inside block_red {drawer})", "cabinet", "block_red", initial=(f"(is_open {drawer})",))
    targets = candidates(simulator, built, "block_red", ("inside", drawer))
    world = simulator.load(built.scenes)
    geometry = world.layout.geometry[drawer]
    cavity = poses.compose(world.body(drawer), geometry.cavity.pose)
    pull = poses.quat_rotate(world.body(drawer)[:, 3:], np.array(geometry.axes["pull"]))
    ahead = ((targets[..., :3] - cavity[:, None, :3]) * pull[:, None]).sum(axis=-1)
    assert (ahead > 0.01).all()


def test_an_object_is_let_go_just_above_what_carries_it(simulator, problem):
    built = problem("(on mug plate)", "mug", "plate")
    targets = candidates(simulator, built, "mug", ("on", "plate"))
    world = simulator.load(built.scenes)
    mug, plate = world.layout.geometry["mug"].bounds, world.layout.geometry["plate"].support
    top = world.body("plate")[:, 2] + plate.pose[2] + plate.half[2]
    gap = targets[..., 2] + mug.pose[2] - mug.half[2] - top[:, None]
    assert (gap > 0).all()
    assert (gap < 0.01).all()


def test_the_present_heading_is_preferred_and_every_candidate_is_upright(simulator, problem):
    built = problem("(on mug plate)", "mug", "plate")
    targets = candidates(simulator, built, "mug", ("on", "plate"))
    world = simulator.load(built.scenes)
    turn = poses.angle_between(targets[:, 0, 3:], world.body("mug")[:, 3:])
    assert turn.max() < 1e-3
    up = poses.quat_rotate(targets[..., 3:], np.array([0.0, 0, 1]))[..., 2]
    np.testing.assert_allclose(up, 1, atol=1e-6)


def test_there_is_more_than_one_way_to_place_something(simulator, problem):
    built = problem("(on mug plate)", "mug", "plate")
    targets = candidates(simulator, built, "mug", ("on", "plate"))
    headings = poses.yaw_of(targets[0, :, 3:])
    assert len(np.unique(np.round(np.mod(headings, 2 * np.pi - 1e-6), 2))) >= 4
