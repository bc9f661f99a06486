"""Placement candidates, tried out: the object is put there, let fall, and the relation is judged."""

import numpy as np
import pytest

from demo_solvers.planning.placement import DEEP, IN_CAVITY, mates, placement_candidates
from pipeline.core import poses
from pipeline.core.program import Program, Relation, Stage
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


def test_a_low_thing_may_fall_from_higher_up_into_a_deep_container_only(simulator, problem):
    heights = {}
    for container in ("basket", "bowl"):
        built = problem(f"(inside block_red {container})", "block_red", container)
        world = simulator.load(built.scenes)
        floor = world.body(container)[:, 2] + world.layout.geometry[container].cavity.pose[2]
        floor = floor - world.layout.geometry[container].cavity.half[2]
        found = candidates(simulator, built, "block_red", ("inside", container))
        heights[container] = float((found[..., 2] - floor[:, None]).max())
    assert heights["basket"] == pytest.approx(heights["bowl"] + DEEP - IN_CAVITY[-1], abs=0.01)


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


def test_two_relations_and_the_formula_are_met_together(simulator, problem):
    built = problem("(left_of mug plate)", "mug", "plate", "bowl")
    world = simulator.load(built.scenes)
    post = "(and (left_of mug plate) (near mug plate) (upright mug))"
    found = placement_candidates(world, "mug", (Relation(predicate="left_of", anchor="plate"),), post=post)
    assert found.ok.any(axis=1).all()
    for row, option in zip(*np.nonzero(found.ok), strict=True):
        scene = built.scenes[row].with_placements({"mug": tuple(found.pose[row, option])})
        assert holds(parse(post), simulator.load([scene]))[0]


def test_what_is_to_lie_is_put_on_its_side(simulator, problem):
    built = problem("(on milk table)", "milk", "table")
    world = simulator.load(built.scenes)
    relations = (Relation(predicate="on", anchor="table"),)
    found = placement_candidates(world, "milk", relations, post="(and (on milk table) (lying milk))")
    assert found.ok.any(axis=1).all()
    up = poses.quat_rotate(found.pose[..., 3:], np.array([0.0, 0, 1]))[..., 2]
    assert (np.abs(up[found.ok]) < 0.1).all()


def test_what_is_to_be_parallel_is_turned_like_the_other(simulator, problem):
    built = problem("(near tv_remote stapler)", "tv_remote", "stapler")
    world = simulator.load(built.scenes)
    relations = tuple(Relation(predicate=p, anchor="stapler") for p in ("near", "aligned"))
    found = placement_candidates(world, "tv_remote", relations)
    assert found.ok.any(axis=1).all()
    apart = poses.yaw_of(found.pose[..., 3:]) - poses.yaw_of(world.body("stapler")[:, 3:])[:, None]
    assert np.abs(np.sin(2 * apart[found.ok])).max() < 0.35


def test_the_middle_of_a_row_goes_between_its_ends(simulator, problem):
    at = {"block_red": (0.4, -0.15, 0, 1, 0, 0, 0), "block_blue": (0.5, 0.15, 0, 1, 0, 0, 0)}
    goal = "(in_a_row block_red block_green block_blue)"
    built = problem(goal, "block_red", "block_green", "block_blue", at=at)
    found = placement_candidates(simulator.load(built.scenes), "block_green", (), post=goal)
    np.testing.assert_allclose(found.pose[:, 0, :2], np.tile([0.45, 0.0], (2, 1)), atol=1e-3)


def raised(pose, height):
    return (*pose[:2], pose[2] + height, *pose[3:])


def test_a_second_thing_does_not_go_where_the_first_one_lies(simulator, problem):
    built = problem("(inside block_red tray)", "block_red", "block_green", "tray")
    tray = simulator.load(built.scenes).body("tray")
    scenes = [s.with_placements({"block_green": raised(t, 0.012)}) for s, t in zip(built.scenes, tray, strict=True)]
    world = simulator.load(scenes)
    found = placement_candidates(world, "block_red", (Relation(predicate="inside", anchor="tray"),))
    assert found.ok.any(axis=1).all()
    apart = np.linalg.norm(found.pose[..., :2] - world.body("block_green")[:, None, :2], axis=-1)
    assert apart[found.ok].min() > 0.045


def test_where_everything_is_taken_no_option_is_of_use(simulator, problem):
    built = problem("(on block_red block_green)", "block_red", "block_green", "block_blue")
    under = simulator.load(built.scenes).body("block_green")
    scenes = [s.with_placements({"block_blue": raised(t, 0.045)}) for s, t in zip(built.scenes, under, strict=True)]
    found = placement_candidates(simulator.load(scenes), "block_red", (Relation(predicate="on", anchor="block_green"),))
    assert not found.ok.any()


def test_room_is_left_for_what_is_to_share_a_region(problem, simulator) -> None:
    world = simulator.load(problem("(within cheese_box zone_red)", "cheese_box", "milk", "zone_red").scenes)
    within = (Relation(predicate="within", anchor="zone_red"),)
    alone = placement_candidates(world, "cheese_box", within)
    shared = placement_candidates(world, "cheese_box", within, sharing=("milk",))
    middle = world.body("zone_red")[:, :2]
    off = [np.linalg.norm(found.pose[:, 0, :2] - middle, axis=1) for found in (alone, shared)]
    assert (off[0] < 0.01).all()
    assert (off[1] > 0.02).all()
    assert shared.ok[:, 0].all()


def test_mates_are_what_later_stages_put_into_the_same_place() -> None:
    def put(body: str, anchor: str) -> Stage:
        return Stage(skill="place", body=body, relations=(Relation(predicate="within", anchor=anchor),))

    stages = (put("a", "zone"), put("b", "zone"), put("c", "other"), put("d", "zone"))
    program = Program(stages=stages)
    assert mates(program, 0, stages[0]) == ("b", "d")
    assert mates(program, 1, stages[1]) == ("d",)
    assert mates(program, 2, stages[2]) == ()
    assert mates(None, None, stages[0]) == ()
