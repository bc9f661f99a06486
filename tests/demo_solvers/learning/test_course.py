"""Practice: what a policy sees and does, when an episode ends, and that it begins anew from another start."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from demo_solvers.learning.course import Course, Step
from demo_solvers.learning.heading import headings, headings_in, turned
from demo_solvers.learning.observing import NEAR, seen
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.steering import Felt, Steering
from demo_solvers.skills._servo import RISE
from pipeline.core import poses
from pipeline.core.errors import InvalidInputError
from pipeline.core.kinematics import forward_kinematics
from pipeline.core.layout import LEFT_FINGER, RIGHT_FINGER, SceneLayout
from pipeline.core.scene import SceneSpec
from pipeline.rollout import PracticeWorlds

GOAL = "(within cookie_box zone_green)"
ALONG = "(and (within cookie_box zone_green) (aligned cookie_box zone_green))"
OVER = "(overhanging cookie_box zone_green)"


def with_goal(stage: LearnedStage, goal: str) -> LearnedStage:
    return LearnedStage(**{**stage.model_dump(), "goal": goal})


def test_an_action_moves_the_tool_by_speed_times_time(
    stage: LearnedStage, starts: list[SceneSpec], worlds: PracticeWorlds
) -> None:
    state = worlds.put([0, 1, 2, 3], starts[:4])
    steering = Steering(stage, starts[:4])
    targets = steering.follow(np.array([[1, 0], [0, -1], [0.5, 0], [3, 0]]), state.tcp)
    rate = starts[0].physics.control_hz
    moved = forward_kinematics(starts[0].robot, targets[-1])[:, :3] - state.tcp[:, :3]
    full = stage.speed * stage.repeat / rate
    asked = np.array([[full, 0, 0], [0, -full, 0], [full / 2, 0, 0], [full, 0, 0]])
    np.testing.assert_allclose(moved, turned(asked, headings(stage, starts[:4])), atol=2e-4)
    assert targets.shape == (stage.repeat, 4, starts[0].robot.dof)


def test_a_hand_that_gives_way_keeps_its_height(
    stage: LearnedStage, starts: list[SceneSpec], worlds: PracticeWorlds
) -> None:
    state = worlds.put([0, 1, 2, 3], starts[:4])
    steering, sunk = Steering(stage, starts[:4]), state.tcp.copy()
    sunk[:, 2] -= 0.005
    for _ in range(10):
        targets = steering.follow(
            np.ones((4, 2)), sunk, dataclasses.replace(Felt.nothing(4), press=np.ones(4, np.float32))
        )
    commanded = forward_kinematics(starts[0].robot, targets[-1])[:, :3]
    np.testing.assert_allclose(commanded[:, 2], state.tcp[:, 2], atol=1e-3)
    np.testing.assert_allclose(commanded[:, :2], sunk[:, :2], atol=2e-3)


def test_a_hand_that_pushes_rises_as_it_goes_up_to_near_the_top_of_what_it_pushes(
    stage: LearnedStage, starts: list[SceneSpec], worlds: PracticeWorlds
) -> None:
    state = worlds.put([0, 1, 2, 3], starts[:4])
    steering, tool = Steering(stage, starts[:4]), state.tcp.copy()
    pushes, robot, gone, risen = np.array([True, True, False, False]), starts[0].robot, 0.0, []
    for _ in range(8):
        targets = steering.follow(np.tile([1, 0], (4, 1)), tool, dataclasses.replace(Felt.nothing(4), pushes=pushes))
        before, tool = tool, forward_kinematics(robot, targets[-1]).astype(np.float32)
        gone += float(np.linalg.norm((tool - before)[0, :2]))
        risen.append(tool[:, 2] - state.tcp[:, 2])
    np.testing.assert_allclose(risen[1][:2], RISE * gone * 2 / 8, rtol=0.1)
    np.testing.assert_allclose(risen[-1][2:], 0.0, atol=1e-3)
    top = 2 * SceneLayout.of(starts[0]).geometry[stage.body].bounds.half[2]
    assert (tool[:2, 2] <= max(top, float(state.tcp[0, 2]) + 1e-3)).all()


def test_the_command_does_not_run_away_from_an_arm_that_is_stopped(
    stage: LearnedStage, starts: list[SceneSpec], worlds: PracticeWorlds
) -> None:
    state = worlds.put([0, 1, 2, 3], starts[:4])
    steering = Steering(stage, starts[:4])
    for _ in range(20):
        targets = steering.follow(np.ones((4, 2)), state.tcp)  # the tool is said to stay where it was
    ahead = forward_kinematics(starts[0].robot, targets[-1])[:, :3] - state.tcp[:, :3]
    assert (np.linalg.norm(ahead, axis=1) < stage.leash + 1e-3).all()


def test_what_is_seen_does_not_depend_on_where_the_scene_stands(
    stage: LearnedStage, starts: list[SceneSpec], worlds: PracticeWorlds
) -> None:
    state = worlds.put([0, 1, 2, 3], starts[:4])
    turn = poses.pose([0.3, -0.2, 0.0], poses.quat_from_yaw(np.array(1.1)))
    elsewhere = dataclasses.replace(
        state,
        pose=poses.compose(turn, state.pose.astype(float)).astype(np.float32),
        tcp=poses.compose(turn, state.tcp.astype(float)).astype(np.float32),
    )
    rows, same = (seen(stage, s, headings_in(stage, s)) for s in (state, elsewhere))
    np.testing.assert_allclose(rows, same, atol=1e-4)
    gap = state.body("zone_green")[:, :2] - state.body("cookie_box")[:, :2]
    ahead = np.stack([np.linalg.norm(gap, axis=1), np.zeros(4)], axis=1) / NEAR
    np.testing.assert_allclose(rows[:, 20:22], ahead, atol=1e-4)


def test_pushing_straight_ahead_reaches_the_goal_and_begins_anew(course: Callable[..., Course]) -> None:
    practised = course()
    reached = 0
    for _ in range(30):
        box, zone = (practised.practice.state().body(n)[:, :2] for n in ("cookie_box", "zone_green"))
        way = (zone - box) / np.maximum(np.linalg.norm(zone - box, axis=1, keepdims=True), 1e-6)
        lengths = practised._length.copy()
        level = np.concatenate([way, np.zeros((len(way), 1))], axis=1).astype(float)
        taken = practised.step(turned(level, -practised._steering.heading)[:, :2])
        reached += int(taken.reached.sum())
        assert (taken.reward == taken.reached).all()
        assert (practised._length == np.where(taken.ended, 0, lengths + 1)).all()
    assert reached >= 4


def test_an_episode_ends_when_its_decisions_are_used_up(course: Callable[..., Course], stage: LearnedStage) -> None:
    practised = course()
    for number in range(1, stage.decisions + 1):
        taken = practised.step(np.zeros((4, 2)))
        assert (taken.late == (number == stage.decisions)).all()


def test_the_same_count_begins_the_same_way(course: Callable[..., Course]) -> None:
    one, other = course(), course()
    one.begin(7)
    first = [one.step(np.full((4, 2), 0.3)).seen for _ in range(40)]
    other.begin(7)
    again = [other.step(np.full((4, 2), 0.3)).seen for _ in range(40)]
    np.testing.assert_array_equal(first, again)
    other.begin(8)
    assert not np.array_equal(first[0], other.step(np.full((4, 2), 0.3)).seen)


def test_a_reward_sees_both_states_and_both_actions(course: Callable[..., Course]) -> None:
    steps = list[Step]()

    def reward(step: Step) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        steps.append(step)
        moved = np.linalg.norm(step.after.tcp[:, :3] - step.before.tcp[:, :3], axis=1).astype(np.float32)
        return moved, {"moved": moved}

    practised = course(reward)
    practised.step(np.full((4, 2), 0.5))
    practised.step(np.full((4, 2), -0.5))
    assert (steps[0].previous == 0).all()
    assert (steps[1].previous == 0.5).all()
    assert (steps[1].action == -0.5).all()


def test_a_stage_without_starts_is_refused(worlds: PracticeWorlds, stage: LearnedStage) -> None:
    with pytest.raises(InvalidInputError, match="push"):
        Course(worlds, stage, [], lambda step: (step.reached.astype(np.float32), {}), seed=0)


def test_a_hand_that_presses_as_hard_as_it_may_gives_way(stage: LearnedStage, starts: list[SceneSpec]) -> None:
    steering = Steering(stage, starts[:2])
    tool = steering.tool.astype(np.float32)
    push = np.ones((2, 2))
    steering.follow(push, tool, dataclasses.replace(Felt.nothing(2), press=np.array([0.0, 0.0], np.float32)))
    steering.follow(push, tool, dataclasses.replace(Felt.nothing(2), press=np.array([0.0, 1.0], np.float32)))
    ahead = np.linalg.norm(steering.tool[:, :3] - tool[:, :3], axis=1)
    assert ahead[0] == pytest.approx(stage.leash, abs=1e-6)
    assert ahead[1] == pytest.approx(0.0, abs=1e-6)


def test_no_joint_is_commanded_faster_than_it_may_move(stage: LearnedStage, starts: list[SceneSpec]) -> None:
    hasty = stage.model_copy(update={"speed": 1.0, "leash": 0.1, "freedoms": ("x", "y", "yaw"), "turning": 3.0})
    steering = Steering(hasty, starts[:4])
    robot, rate = starts[0].robot, starts[0].physics.control_hz
    before, tool = steering.command.copy(), steering.tool.astype(np.float32)
    fastest = np.array([joint.max_velocity for joint in robot.arm])
    for _ in range(5):
        for command in steering.follow(np.full((4, 3), 1.0), tool):
            assert (np.abs(command - before)[:, :-1] * rate <= fastest).all()
            before = command
        tool = steering.tool.astype(np.float32)


@pytest.mark.parametrize("goal", [ALONG, OVER])
def test_ways_round_that_the_goal_does_not_tell_apart_are_seen_as_one(
    goal: str, stage: LearnedStage, starts: list[SceneSpec], worlds: PracticeWorlds
) -> None:
    state, lies = worlds.put([0, 1, 2, 3], starts[:4]), with_goal(stage, goal)
    box, pose = state.layout.body(stage.body), state.pose.copy()
    pose[:, box, 3:] = poses.quat_multiply(poses.quat_from_yaw(np.full(4, np.pi)), pose[:, box, 3:].astype(float))
    round_ = dataclasses.replace(state, pose=pose)
    heading = headings_in(lies, state)
    np.testing.assert_allclose(seen(lies, state, heading), seen(lies, round_, heading), atol=1e-5)
    assert not np.allclose(seen(stage, state, heading), seen(stage, round_, heading), atol=1e-2)


def test_who_draws_something_over_an_edge_sees_the_robot_ahead(
    stage: LearnedStage, starts: list[SceneSpec], worlds: PracticeWorlds
) -> None:
    state, over = worlds.put([0, 1, 2, 3], starts[:4]), with_goal(stage, OVER)
    way = state.body("robot")[:, :2] - state.body("cookie_box")[:, :2]
    for heading in (headings(over, starts[:4]), headings_in(over, state)):
        np.testing.assert_allclose(heading, np.arctan2(way[:, 1], way[:, 0]), atol=1e-4)


def test_what_is_turned_to_the_other_side_is_seen_so(
    stage: LearnedStage, starts: list[SceneSpec], worlds: PracticeWorlds
) -> None:
    state, lies = worlds.put([0, 1, 2, 3], starts[:4]), with_goal(stage, ALONG)
    box, zone = state.layout.body(stage.body), state.layout.body("zone_green")
    found = []
    for crooked in (0.3, -0.3):
        pose = state.pose.copy()
        pose[:, box, 3:] = poses.quat_multiply(
            poses.quat_from_yaw(np.full(4, crooked)), pose[:, zone, 3:].astype(float)
        )
        found.append(seen(lies, dataclasses.replace(state, pose=pose), headings_in(lies, state)))
    sine = [rows[:, -2] for rows in found]
    assert (np.abs(sine[0]) > 0.3).all()
    np.testing.assert_allclose(sine[0], -sine[1], atol=1e-4)


def test_fingers_hold_on_until_letting_go_is_all_that_is_missing(
    stage: LearnedStage, starts: list[SceneSpec], worlds: PracticeWorlds
) -> None:
    state = worlds.put([0, 1, 2, 3], starts[:4])
    held = stage.model_copy(update={"fingers": "releasing"})
    steering, column = Steering(held, starts[:4]), starts[0].robot.width_column
    fits = np.array([False, True, False, False])
    for felt in (dataclasses.replace(Felt.nothing(4), fits=fits), Felt.nothing(4)):
        widths = steering.follow(np.zeros((4, 2)), state.tcp, felt)[-1, :, column]
        assert widths[1] == pytest.approx(starts[0].robot.gripper.max_width)
        assert (widths[[0, 2, 3]] == 0).all()
    steering.reset([1], starts[1:2])
    assert steering.follow(np.zeros((4, 2)), state.tcp)[-1, 1, column] == 0


def test_what_would_be_reached_by_letting_go_fits(worlds: PracticeWorlds, starts: list[SceneSpec]) -> None:
    state = worlds.put([0, 1, 2, 3], starts[:4])
    contact, box = state.contact.copy(), state.layout.body("cookie_box")
    for finger in map(state.layout.body, (LEFT_FINGER, RIGHT_FINGER)):
        contact[:2, box, finger] = contact[:2, finger, box] = True
    pinched = dataclasses.replace(state, contact=contact)
    one = LearnedStage(name="a", goal="(on cookie_box table)", body="cookie_box", fingers="releasing")
    assert one.reached(pinched).tolist() == [False, False, True, True]
    assert Felt.of(one, pinched).fits.all()
    assert Felt.of(with_goal(one, GOAL), pinched).fits.tolist() == [False] * 4
