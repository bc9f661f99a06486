"""Sub-goals, grasps, landings and paths from hand-made clouds."""

import numpy as np
import pytest
from pydantic import ValidationError

from demo_solvers.path3d.acts.place import _dipped, _leaned
from demo_solvers.path3d.acts.press import BESIDE, _apart, _short
from demo_solvers.path3d.clouds import Cloud
from demo_solvers.path3d.geometric import whole_of
from demo_solvers.path3d.grasps import grasp_candidates, hand_clear, lowest_of
from demo_solvers.path3d.hand import Hand, Stopped, Surroundings, waypoint
from demo_solvers.path3d.landing import HeightField, lowest
from demo_solvers.path3d.paths import PRESSED, fingertip, press_path
from demo_solvers.path3d.perception import Thing, hollow, named_points
from demo_solvers.path3d.plan import Action, Path3D, Unplannable, sub_goals
from demo_solvers.path3d.worker import OTHERS
from pipeline.core import poses
from pipeline.core.seeing import SeeingProblem

DOWN = np.array([0.0, 1.0, 0.0, 0.0])
LIFT = Action(verb="lift", thing="it")


def box(centre, size, step=0.004):
    """Points on the sides and the top of an upright box that stands on z = 0."""
    x, y, z = size
    u, v, w = (np.arange(-s / 2, s / 2 + 1e-9, step) for s in size)
    sides = [(a, b, c) for a in u for b in (-y / 2, y / 2) for c in w]
    sides += [(a, b, c) for a in (-x / 2, x / 2) for b in v for c in w]
    top = [(a, b, z / 2) for a in u for b in v]
    return np.array(sides + top) + np.array([*centre, z / 2])


def grasps(points, others=np.zeros((0, 3)), *, robot, **how):  # noqa: B008
    return grasp_candidates(points, others, robot.gripper, wanted=points.mean(axis=0), floor=0.0, **how)


def test_grasps_of_a_block_close_on_two_opposite_faces(robot):
    points = box((0.5, 0.0), (0.04, 0.10, 0.05))
    found = grasps(points, robot=robot)
    assert found
    best = found[0]
    assert best.width == pytest.approx(0.04, abs=0.004)
    closing = poses.quat_to_matrix(best.pose[3:])[:, 1]
    assert abs(closing[0]) > 0.95
    assert all(hand_clear(points, g.pose, robot.gripper, g.opening) for g in found)


def test_what_is_wider_than_the_hand_has_no_grasp(robot):
    assert grasps(box((0.5, 0.0), (0.12, 0.10, 0.07)), robot=robot) == []


def test_a_neighbour_close_by_takes_the_grasps_that_it_is_in_the_way_of(robot):
    points = box((0.5, 0.0), (0.04, 0.04, 0.05))
    wall = box((0.5 + 0.03, 0.0), (0.01, 0.20, 0.12))
    closing = [poses.quat_to_matrix(g.pose[3:])[:, 1] for g in grasps(points, wall, robot=robot)]
    assert closing
    assert all(abs(c[1]) > 0.8 for c in closing)


def test_a_held_block_comes_to_rest_on_what_is_below_it():
    field = HeightField(box((0.5, 0.0), (0.10, 0.10, 0.06)), floor=0.0)
    held = box((0.0, 0.0), (0.04, 0.04, 0.04)) - np.array([0, 0, 0.04])
    over = poses.pose((0.5, 0.0, 0.30))
    beside = poses.pose((0.5, 0.2, 0.30))
    assert field.rest(held, over) == pytest.approx(0.30 - 0.04 - 0.06, abs=0.002)
    assert field.rest(held, beside) == pytest.approx(0.30 - 0.04, abs=0.002)


def test_a_ring_sinks_deepest_where_its_hole_is_over_the_peg():
    peg = box((0.5, 0.0), (0.03, 0.03, 0.07), step=0.003)
    outer, inner = box((0, 0), (0.066, 0.066, 0.03), step=0.003), 0.022
    ring = outer[(np.abs(outer[:, :2]) > inner).any(axis=1)]
    tools = [poses.pose((0.505, -0.004, 0.2), poses.quat_from_yaw(t)) for t in (0.0, np.pi / 4)]
    best, sinks = lowest(HeightField(peg, floor=0.0), ring, tools, reach=0.008)
    assert sinks == pytest.approx(0.2, abs=0.003)
    assert np.linalg.norm(best[:2] - [0.5, 0.0]) < 0.006


def thing_of(points):
    cloud = Cloud(points, np.zeros_like(points), np.full(len(points), -1))
    return Thing("it", cloud, named_points(cloud))


def test_a_ring_and_a_cup_have_a_rim_to_be_taken_by_and_a_box_has_none():
    angle, tube = (grid.ravel() for grid in np.meshgrid(np.linspace(0, 6.28, 60), np.linspace(0, 3.14, 9)))
    out = 0.033 + 0.012 * np.cos(tube)
    ring = np.stack([out * np.cos(angle), out * np.sin(angle), 0.012 + 0.012 * np.sin(tube)], axis=1)
    assert hollow(thing_of(ring))
    assert not hollow(thing_of(box((0.5, 0.0), (0.12, 0.10, 0.07))))
    cup = box((0.0, 0.0), (0.10, 0.10, 0.08))
    inside = (np.abs(cup[:, :2]) < 0.045).all(axis=1)
    cup[inside, 2] = 0.004
    assert hollow(thing_of(cup))


def test_crumbs_of_a_cluster_are_of_the_thing_that_it_is_and_other_things_are_not():
    everything = np.arange(100)
    assert len(whole_of(everything[:94], everything)) == 100
    assert len(whole_of(everything[:80], everything)) == 80


@pytest.mark.parametrize(
    ("goal", "verbs"),
    [
        ("(within block zone)", ["grasp block", "place block within zone"]),
        ("(and (holding cup) (raised cup))", ["grasp cup", "lift cup"]),
        ("(and (holding umbrella) (above umbrella stand))", ["grasp umbrella", "lift umbrella stand"]),
        ("(and (on lid table) (upright jar))", ["grasp lid", "place lid on table"]),
        ("(and (on piece table) (upright tower) (on tower table))", ["grasp piece", "place piece on table"]),
        ("(pressed lamp/button)", ["press lamp/button"]),
        ("(is_open box/lid)", ["rotate box/lid is_open"]),
    ],
)
def test_a_goal_becomes_sub_goals_with_a_question_each(goal, verbs):
    plan = sub_goals(goal, graspable={})
    assert not isinstance(plan, Unplannable)
    assert [str(g.action) for g in plan] == verbs
    assert all(g.question.endswith("?") for g in plan)


def test_what_the_hand_cannot_close_on_is_pushed():
    plan = sub_goals("(within block zone)", graspable={"block": False})
    assert not isinstance(plan, Unplannable)
    assert [g.action.verb for g in plan] == ["push"]


def test_a_goal_that_no_action_serves_says_which_part_of_it():
    found = sub_goals("(and (on a b) (not (on b c)))", graspable={})
    assert isinstance(found, Unplannable)
    assert "(on b c)" in found.literal


def test_a_path_has_at_most_twenty_waypoints():
    point = waypoint(poses.pose((0.5, 0, 0.3), DOWN))
    Path3D(action=LIFT, waypoints=(point,) * 20)
    with pytest.raises(ValidationError):
        Path3D(action=LIFT, waypoints=(point,) * 21)


@pytest.fixture
def hand(robot):
    told = SeeingProblem(
        task="t", instruction="Do it.", goal="(on a b)", queries=(), robot=robot,
        base=((0, 0, 0, 1, 0, 0, 0),), rate=20.0, horizon=20.0, seed=0,
    )  # fmt: skip
    start = np.array([*robot.home, robot.gripper.max_width])
    return Hand(told, 0, measured=start, commanded=start)


def drive(steps):
    """Run a hand's steps in a world in which every command is reached; the actions (time, dof)."""
    actions, felt = [], None
    while True:
        try:
            _, wanted = steps.send(felt)
        except StopIteration:
            return np.concatenate(actions)
        actions.append(wanted)
        felt = wanted


def test_a_path_is_followed_within_the_robots_limits(hand, robot):
    goal = poses.pose((0.45, 0.2, 0.15), DOWN)
    path = Path3D(
        action=LIFT,
        waypoints=(
            waypoint(goal, gripper=0.02),
            waypoint(goal + np.array([0, 0, -0.05, 0, 0, 0, 0]), motion="straight"),
        ),
    )
    start = hand.command.copy()
    actions = drive(hand.follow(path, Surroundings(0.0, {})))
    speed = np.abs(np.diff(np.concatenate([start[None], actions]), axis=0)) * 20.0
    assert (speed[:, :-1] <= [j.max_velocity + 1e-6 for j in robot.arm]).all()
    assert np.linalg.norm(hand.tool[:3] - [0.45, 0.2, 0.10]) < 0.002
    assert actions[-1, -1] == pytest.approx(0.02)


def test_a_path_through_the_table_is_refused_with_what_meets_what(hand):
    down = Path3D(action=LIFT, waypoints=(waypoint(poses.pose((0.5, 0.0, -0.06), DOWN), note="under it"),))
    with pytest.raises(Stopped) as error:
        drive(hand.follow(down, Surroundings(0.0, {})))
    assert error.value.diagnosis.cause == "path_in_collision"
    assert "table" in error.value.diagnosis.bodies


def test_an_obstacle_of_seen_points_is_gone_around(hand):
    wall = box((0.45, 0.0), (0.02, 0.30, 0.30), step=0.01)
    around = Surroundings(0.0, {"wall": wall})
    drive(
        hand.follow(
            Path3D(action=LIFT, waypoints=(waypoint(poses.pose((0.35, 0.25, 0.2), DOWN)),)), Surroundings(0.0, {})
        )
    )
    goal = Path3D(action=LIFT, waypoints=(waypoint(poses.pose((0.62, 0.0, 0.15), DOWN)),))
    actions = drive(hand.follow(goal, around))
    tools = np.array([hand.tool_at(q[:7])[:3] for q in actions])
    inside = (np.abs(tools[:, 0] - 0.45) < 0.01) & (np.abs(tools[:, 1]) < 0.15) & (tools[:, 2] < 0.30)
    assert not inside.any()


def test_a_knife_that_hangs_from_the_hand_is_leaned_before_it_is_let_go_and_a_block_is_not():
    tool, hanging = poses.pose([0.4, 0.0, 0.3], DOWN), box((0.4, 0.0), (0.03, 0.02, 0.23))
    held = poses.transform_points(poses.inverse(tool), hanging)
    leaned = _leaned(tool, held)
    assert len(leaned) == 4
    for attitude in leaned:
        points = poses.transform_points(attitude, held)
        assert np.ptp(points[:, 2]) < 0.5 * 0.23 + 0.03
    block = poses.transform_points(poses.inverse(tool), box((0.4, 0.0), (0.05, 0.05, 0.05)))
    assert not _leaned(tool, block)


def button(top):
    points = box((0.5, 0.0), (0.02, 0.02, top))
    cloud = Cloud(points, np.zeros_like(points), np.full(len(points), -1))
    return Thing("button", cloud, named_points(cloud))


def test_fingertips_are_to_go_as_far_into_a_button_as_asked(robot):
    path = press_path(Action(verb="press", thing="button"), button(0.04), robot, yaw=0.3, lean=0.6, depth=PRESSED)
    pressed = path.waypoints[1]
    tip = fingertip(poses.quat_to_matrix(np.array(pressed.quat)), robot)
    np.testing.assert_allclose(np.array(pressed.position) + tip, [0.5, 0.0, 0.04 - PRESSED], atol=1e-9)


@pytest.mark.parametrize(("left_at", "short"), [(0.036, 0.0022), (0.040, 0.005), (0.033, 0.0)])
def test_a_button_tells_by_where_it_stays_how_much_the_fingertips_fell_short(hand, robot, left_at, short):
    path = press_path(Action(verb="press", thing="button"), button(0.04), robot, yaw=0.0, lean=0.6, depth=PRESSED)
    pose = np.array([*path.waypoints[1].position, *path.waypoints[1].quat])
    assert _short(pose, button(left_at), hand) == pytest.approx(short, abs=1e-9)


def test_what_stands_over_a_button_may_not_be_touched_by_the_hand_and_what_it_is_on_may():
    base, shade = np.array([[0.5, 0.03, 0.03]]), np.array([[0.5, 0.03, 0.15]])
    around = _apart(Surroundings(0.0, {OTHERS: np.concatenate([base, shade])}), button(0.04))
    np.testing.assert_array_equal(around.seen[BESIDE], base)
    np.testing.assert_array_equal(around.seen[OTHERS], shade)


def test_a_hand_that_reaches_sideways_is_dipped_so_that_its_palm_keeps_off_the_table(robot):
    sideways = poses.quat_multiply(
        poses.quat_from_yaw(0.7), poses.quat_from_axis_angle(np.array([0, 1.0, 0]), np.pi / 2)
    )
    dipped = _dipped(poses.pose(np.zeros(3), sideways))
    lowest_points = lowest_of(np.stack([poses.quat_to_matrix(t[3:]) for t in dipped]), robot.gripper)
    flat = float(lowest_of(poses.quat_to_matrix(sideways)[None], robot.gripper)[0])
    assert flat == pytest.approx(-0.032)
    assert (lowest_points > flat + 0.01).all()
    assert not _dipped(poses.pose(np.zeros(3), DOWN))
