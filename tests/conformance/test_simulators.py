"""What every simulator of the registry promises; run with hand-built scenes, so nothing here depends on the library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pipeline.core.errors import TaskloomError, UnknownNameError
from pipeline.core.kinematics import forward_kinematics, link_poses
from pipeline.core.poses import angle_between, compose, inverse, quat_from_yaw, transform_points
from pipeline.core.registry import Registry
from pipeline.core.scene import SceneSpec
from pipeline.core.world import ARM, HAND, WorldState

SIMULATORS: Registry[Any] = Registry("pipeline.sim", "simulator")
WITHOUT_PHYSICS = ("kinematic",)
NEEDS_OTHER_MACHINE = ("isaac",)
NAMES = [
    pytest.param(name, marks=[] if name in WITHOUT_PHYSICS else [pytest.mark.physics])
    for name in SIMULATORS
    if name not in NEEDS_OTHER_MACHINE
]
ARRAYS = ("pose", "velocity", "joint", "joint_velocity", "qpos", "qvel", "tcp", "contact", "force")
A_AT, B_AT = (0.5, 0.2, 0.12), (0.6, -0.2, 0.02)
YAW = np.pi / 6


@pytest.fixture(scope="module", params=NAMES)
def sim(request: pytest.FixtureRequest, toys: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    files = toys.ToyFiles(tmp_path_factory.mktemp("toys"))
    made = SIMULATORS.get(request.param)(files)
    yield made
    made.close()


@pytest.fixture
def make(toys: ModuleType) -> Any:
    """A scene: block ``a`` in the air, block ``b`` yawed on the table, a cabinet whose drawer is 5 cm open."""

    def build(
        a: Any = A_AT, b: Any = B_AT, cabinet: Any = toys.DRAWER_AT, drawer: float = 0.05, **more: Any
    ) -> SceneSpec:
        turned = tuple(float(v) for v in quat_from_yaw(YAW))
        return toys.scene(
            toys.placed("a", toys.block(), a),
            toys.placed("b", toys.block(), b if len(b) == 7 else (*b, *turned)),
            toys.placed("cabinet", toys.cabinet(), cabinet, slide=drawer),
            **more,
        )

    return build


def hold(scene: SceneSpec, steps: int, *, batch: int = 3) -> np.ndarray:
    return np.tile(np.array(scene.robot_start, np.float32), (steps, batch, 1))


def wave(scene: SceneSpec, steps: int, *, batch: int) -> np.ndarray:
    """Actions that move every joint and differ from row to row."""
    t, row = np.arange(steps)[:, None, None], np.arange(batch)[None, :, None]
    swing = 0.2 * np.sin(0.1 * t + row) * np.linspace(1, 0.5, 8)
    swing[..., -1] = -0.03 * np.abs(np.sin(0.07 * t[..., 0] + row[..., 0]))
    return (np.array(scene.robot_start) + swing).astype(np.float32)


def assert_same(one: WorldState, other: WorldState) -> None:
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


# Units, frames, shapes


def test_state_arrays_have_the_promised_shapes_and_types(sim: Any, make: Any) -> None:
    state = sim.load([make()] * 3)
    bodies, joints, dof = len(state.layout.bodies), len(state.layout.joints), 8
    shapes = dict(
        zip(
            ARRAYS,
            [(bodies, 7), (bodies, 6), (joints,), (joints,), (dof,), (dof,), (7,), (bodies, bodies), (2, bodies)],
            strict=True,
        )
    )
    trace = sim.run(hold(make(), 2))
    for found in (state, sim.state(), trace.at(0)):
        for name, shape in shapes.items():
            array = getattr(found, name)
            assert array.shape == (3, *shape), name
            assert array.dtype == (bool if name == "contact" else np.float32), name
    assert (trace.time, trace.batch, len(trace.flat)) == (2, 3, 6)
    assert_same(trace.at(-1), sim.state())


def test_the_initial_state_is_the_one_the_scene_asks_for(sim: Any, make: Any, toys: ModuleType) -> None:
    scenes = [make(), make(a=(0.4, 0.1, 0.3), cabinet=(0.72, 0.3, 0.2), drawer=0.0), make(drawer=0.12)]
    state = sim.load(scenes)
    for row, scene in enumerate(scenes):
        for name in ("a", "b", "cabinet", "table"):
            np.testing.assert_allclose(state.body(name)[row, :3], scene.placement(name).pose[:3], atol=1e-5)
            assert angle_between(state.body(name)[row, 3:], scene.placement(name).pose[3:]) < 1e-3
        drawer = scene.placement("cabinet").joints["slide"]
        assert state.joint_position("cabinet/slide")[row] == pytest.approx(drawer, abs=1e-5)
        out = state.body("cabinet/drawer")[row, :3] - state.body("cabinet")[row, :3]
        np.testing.assert_allclose(out, [-drawer, 0, 0], atol=1e-5)
    np.testing.assert_allclose(state.qpos, np.tile(scenes[0].robot_start, (3, 1)), atol=1e-5)
    np.testing.assert_allclose(state.body("floor")[:, 2], scenes[0].floor_height, atol=1e-6)
    np.testing.assert_allclose(state.body("robot"), np.tile(scenes[0].robot_pose, (3, 1)), atol=1e-6)


def test_the_tool_pose_is_that_of_forward_kinematics(sim: Any, make: Any, toys: ModuleType) -> None:
    state = sim.load([make(robot_start=(0.4, -0.5, 0.2, -2.0, 0.3, 1.7, 0.5, 0.04))] * 3)
    expected = forward_kinematics(toys.robot(), state.qpos)
    np.testing.assert_allclose(state.tcp[:, :3], expected[:, :3], atol=1e-4)
    assert (angle_between(state.tcp[:, 3:], expected[:, 3:]) < 1e-3).all()


def test_a_yawed_block_stays_yawed(sim: Any, make: Any) -> None:
    sim.load([make()] * 3)
    end = sim.run(hold(make(), 20)).at(-1)
    assert (angle_between(end.body("b")[:, 3:], quat_from_yaw(YAW)) < 0.01).all()
    np.testing.assert_allclose(end.body("b")[:, :2], np.tile(B_AT[:2], (3, 1)), atol=1e-3)


# Gravity and contact


def test_a_free_block_falls_to_rest_on_the_table(sim: Any, make: Any, toys: ModuleType) -> None:
    sim.load([make()] * 3)
    end = sim.run(hold(make(), 30)).at(-1)
    np.testing.assert_allclose(end.body("a")[:, 2], toys.BLOCK, atol=0.002)
    assert (end.speed("a") < 0.01).all()


def test_free_fall_covers_half_g_t_squared(sim: Any, make: Any) -> None:
    if sim.info.name in WITHOUT_PHYSICS:
        sim.load([make()] * 3)
        assert (sim.run(hold(make(), 1)).at(-1).body("a")[:, 2] < 0.03).all(), "documented: drops at once"
        return
    sim.load([make(a=(0.5, 0.2, 0.6))] * 3)
    end = sim.run(hold(make(), 4)).at(-1)
    np.testing.assert_allclose(0.6 - end.body("a")[:, 2], 0.5 * 9.81 * 0.2**2, atol=0.012)
    np.testing.assert_allclose(end.velocity[:, end.layout.body("a"), 2], -9.81 * 0.2, atol=0.05)


def test_resting_bodies_touch_what_carries_them_and_nothing_else(sim: Any, make: Any) -> None:
    stacked = make(a=(0.6, -0.2, 0.061))
    sim.load([make(), stacked, make()])
    end = sim.run(hold(make(), 20)).at(-1)
    assert end.touching("a", "table").tolist() == [True, False, True]
    assert end.touching("a", "b").tolist() == [False, True, False]
    assert end.touching("b", "table").all()
    assert not end.touching("a", "cabinet").any()
    assert not end.touching("robot", "table").any()
    assert (end.contact == np.swapaxes(end.contact, 1, 2)).all()


# Reproducibility


def test_a_row_of_a_batch_equals_a_batch_of_one(sim: Any, make: Any) -> None:
    scenes = [
        make(),
        make(a=(0.45, 0.1, 0.2), cabinet=(0.7, 0.3, 0.2), drawer=0.1),
        make(b=(0.6, -0.1, 0.03), drawer=0.0),
    ]
    actions = wave(scenes[0], 25, batch=3)
    sim.load(scenes)
    together = sim.run(actions)
    for row in range(3):
        sim.load([scenes[row]])
        assert_same(sim.run(actions[:, row : row + 1]).flat, together.row(row))


def test_the_same_actions_from_a_reset_give_the_same_states(sim: Any, make: Any) -> None:
    scenes = [make(), make(a=(0.4, 0.0, 0.2)), make(drawer=0.0)]
    actions = wave(scenes[0], 25, batch=3)
    loaded = sim.load(scenes)
    first = sim.run(actions)
    again = sim.reset()
    assert_same(loaded, again)
    assert_same(first.flat, sim.run(actions).flat)
    assert_same(loaded, sim.load(scenes))
    assert_same(first.flat, sim.run(actions).flat)


def test_actions_may_be_cut_into_calls_anywhere(sim: Any, make: Any) -> None:
    actions = wave(make(), 12, batch=3)
    sim.load([make()] * 3)
    whole = sim.run(actions)
    sim.reset()
    sim.run(actions[:5])
    assert_same(whole.at(-1), sim.run(actions[5:]).at(-1))


def test_resetting_some_rows_leaves_the_others_alone(sim: Any, make: Any) -> None:
    actions = wave(make(), 20, batch=3)
    loaded = sim.load([make()] * 3)
    whole = sim.run(actions)
    sim.reset()
    half = sim.run(actions[:10]).at(-1)
    mixed = sim.reset([1])
    assert_same(mixed.rows(slice(1, 2)), loaded.rows(slice(1, 2)))
    assert_same(mixed.rows(np.array([0, 2])), half.rows(np.array([0, 2])))
    onward = actions[10:].copy()
    onward[:, 1] = actions[:10, 1]
    end = sim.run(onward)
    assert_same(end.at(-1).rows(np.array([0, 2])), whole.at(-1).rows(np.array([0, 2])))
    assert_same(end.at(-1).rows(slice(1, 2)), whole.at(9).rows(slice(1, 2)))


def test_rows_put_in_another_scene_begin_there_and_leave_the_others_alone(sim: Any, make: Any) -> None:
    other = make(a=(0.55, 0.1, 0.02), b=(0.45, -0.1, 0.3), drawer=0.12)
    actions = wave(make(), 20, batch=3)
    sim.load([make(), other, make()])
    there = sim.state()
    afresh = sim.run(actions)
    sim.load([make()] * 3)
    whole = sim.run(actions)
    sim.reset()
    half = sim.run(actions[:10]).at(-1)
    mixed = sim.put([1], [other])
    assert_same(mixed.rows(slice(1, 2)), there.rows(slice(1, 2)))
    assert_same(mixed.rows(np.array([0, 2])), half.rows(np.array([0, 2])))
    onward = actions[10:].copy()
    onward[:, 1] = actions[:10, 1]
    end = sim.run(onward).at(-1)
    assert_same(end.rows(slice(1, 2)), afresh.at(9).rows(slice(1, 2)))
    assert_same(end.rows(np.array([0, 2])), whole.at(-1).rows(np.array([0, 2])))
    assert_same(sim.reset().rows(slice(1, 2)), there.rows(slice(1, 2)))


# The controller


def test_the_arm_arrives_where_it_is_sent(sim: Any, make: Any) -> None:
    sim.load([make()] * 3)
    goal = np.add(make().robot_start, [0.2, 0.15, -0.2, 0.1, 0.2, -0.2, 0.3, -0.04])
    ramp = np.array(make().robot_start) + (goal - make().robot_start) * np.linspace(0.1, 1, 10)[:, None]
    actions = np.concatenate([ramp, np.tile(goal, (20, 1))]).astype(np.float32)
    end = sim.run(np.repeat(actions[:, None], 3, axis=1)).at(-1)
    np.testing.assert_allclose(end.qpos[:, :7], np.tile(goal[:7], (3, 1)), atol=0.01)
    np.testing.assert_allclose(end.qpos[:, 7], goal[7], atol=0.002)
    assert (np.abs(end.qvel) < 0.05).all()


def test_targets_move_linearly_between_actions(sim: Any, make: Any) -> None:
    if sim.info.name in WITHOUT_PHYSICS:
        return
    speed, joint = 0.5, 0
    arm = make().robot.arm[joint]
    sim.load([make()] * 3)
    actions = hold(make(), 30)
    actions[..., joint] += speed * 0.05 * np.arange(1, 31)[:, None]
    end = sim.run(actions).at(-1)
    lag = actions[-1, :, joint] - end.qpos[:, joint]
    # On a ramp a PD servo lags by velocity * kv / kp; holding the last action instead would gain 0.4 control steps.
    np.testing.assert_allclose(lag, speed * arm.kv / arm.kp, atol=0.3 * speed * 0.05)
    np.testing.assert_allclose(end.qvel[:, joint], speed, atol=0.02)


def test_commands_beyond_the_limits_stop_at_the_limits(sim: Any, make: Any) -> None:
    sim.load([make()] * 3)
    robot = make().robot
    actions = hold(make(), 40)
    actions[..., 0] = np.linspace(0, 4.0, 40)[:, None]
    actions[..., 7] = 0.2
    end = sim.run(actions).at(-1)
    assert (end.qpos[:, 0] < robot.arm[0].upper + 0.01).all()
    assert (end.qpos[:, 7] < robot.gripper.max_width + 0.002).all()


def test_the_gripper_opens_to_the_width_it_is_told(sim: Any, make: Any) -> None:
    sim.load([make()] * 3)
    actions = hold(make(), 15)
    actions[:, :, 7] = [0.03, 0.05, 0.0]
    end = sim.run(actions).at(-1)
    np.testing.assert_allclose(end.qpos[:, 7], [0.03, 0.05, 0.0], atol=0.002)
    gap = np.linalg.norm(end.body("robot/left_finger")[:, :3] - end.body("robot/right_finger")[:, :3], axis=-1)
    np.testing.assert_allclose(gap, [0.03, 0.05, 0.0], atol=0.002)
    left = transform_points(inverse(end.tcp), end.body("robot/left_finger")[:, None, :3])[:, 0]
    assert (left[:2, 1] > 0.01).all(), "the left finger is on the tool's +y side"


# Manipulation


def test_a_closed_gripper_lifts_a_block(sim: Any, make: Any, toys: ModuleType) -> None:
    square = (0.5, 0.1, 0.02, 1.0, 0.0, 0.0, 0.0)
    above, at = toys.reach((0.5, 0.1, 0.12)), toys.reach((0.5, 0.1, 0.02))
    actions = toys.motion((above, 0.08, 20), (at, 0.08, 15), (at, 0.0, 12), (above, 0.0, 15), (above, 0.0, 5))
    sim.load([make(b=square)] * 3)
    end = sim.run(np.repeat(actions[:, None], 3, axis=1)).at(-1)
    np.testing.assert_allclose(end.body("b")[:, 2], 0.12, atol=0.01)
    assert end.touching("b", "robot/left_finger").all()
    assert end.touching("b", "robot/right_finger").all()
    assert not end.touching("b", "table").any()
    np.testing.assert_allclose(end.qpos[:, 7], 2 * toys.BLOCK, atol=0.004)
    opened = np.repeat(toys.motion((above, 0.08, 15), start=above, width=0.0)[:, None], 3, axis=1)
    fallen = sim.run(opened).at(-1)
    assert (fallen.body("b")[:, 2] < 0.06).all()
    assert not fallen.touching("b", "robot/left_finger").any()


def test_a_pulled_drawer_opens_and_stops_at_its_limit(sim: Any, make: Any, toys: ModuleType) -> None:
    x, y, z = (toys.DRAWER_AT[i] + toys.HANDLE[i] for i in range(3))
    x -= 0.05
    far = toys.reach((x - 0.08, y, z), toys.AHEAD)
    at = toys.reach((x, y, z), toys.AHEAD, far)
    out = toys.reach((x - 0.13, y, z), toys.AHEAD, far)
    actions = toys.motion((far, 0.06, 5), (at, 0.06, 20), (at, 0.0, 12), (out, 0.0, 40), start=far, width=0.06)
    start = (*(float(v) for v in far), 0.06)
    sim.load([make(robot_start=start)] * 3)
    trace = sim.run(np.repeat(actions[:, None], 3, axis=1))
    drawer = trace.row(0).joint_position("cabinet/slide")
    assert drawer[36] == pytest.approx(0.05, abs=0.01)
    assert 0.14 < drawer[-1] < 0.156
    assert (drawer < 0.16).all()
    assert (trace.at(-1).joint == trace.at(-1).joint[0]).all()


@pytest.mark.physics
@pytest.mark.parametrize("name", [n for n in SIMULATORS if n not in (*WITHOUT_PHYSICS, *NEEDS_OTHER_MACHINE)])
class TestForces:
    """Of the backends that have physics."""

    @pytest.fixture
    def physical(self, name: str, toys: ModuleType, tmp_path: Path) -> Iterator[Any]:
        made = SIMULATORS.get(name)(toys.ToyFiles(tmp_path))
        yield made
        made.close()

    def test_fingers_that_hold_a_block_bear_its_weight_whatever_their_squeeze(self, physical, make, toys) -> None:
        above, at = toys.reach((0.5, 0.1, 0.12)), toys.reach((0.5, 0.1, 0.02))
        actions = toys.motion((above, 0.08, 20), (at, 0.08, 15), (at, 0.0, 12), (above, 0.0, 15), (above, 0.0, 5))
        loaded = physical.load([make(b=(0.5, 0.1, 0.02, 1.0, 0.0, 0.0, 0.0))] * 3)
        assert not loaded.force.any()
        trace = physical.run(np.repeat(actions[:, None], 3, axis=1))
        net = trace.at(-1).force[:, HAND, loaded.layout.body("b")]
        np.testing.assert_allclose(net, 9.81 * toys.block().mass, rtol=0.3)
        assert not trace.flat.force[:, ARM].any()
        assert not trace.at(10).force.any()
        assert_same(trace.at(-1), physical.state())
        assert not physical.reset([1]).force[1].any()
        assert physical.state().force[0].any()

    def test_a_hand_pressed_on_the_table_is_told_from_the_arm(self, physical, make, toys) -> None:
        over, into = toys.reach((0.5, 0.0, 0.05)), toys.reach((0.5, 0.0, -0.02))
        physical.load([make(b=(0.7, -0.3, 0.02))] * 3)
        actions = toys.motion((over, 0.0, 20), (into, 0.0, 20), (into, 0.0, 10))
        force = physical.run(np.repeat(actions[:, None], 3, axis=1)).at(-1).force
        table = physical.state().layout.body("table")
        assert (force[:, HAND, table] > 50).all()
        assert not force[:, ARM].any()


# Cameras


def pixel(scene: SceneSpec, name: str, camera_pose: np.ndarray, point: Any) -> tuple[int, int, float]:
    """Row, column and depth at which a world point is seen."""
    camera = next(c for c in scene.cameras if c.name == name)
    local = transform_points(inverse(camera_pose), np.array([point], float))[0]
    u, v, w = camera.intrinsics @ local
    return int(v / w), int(u / w), float(local[2])


def test_cameras_see_the_right_body_at_the_right_place(sim: Any, make: Any) -> None:
    scene = make(a=(0.5, 0.2, 0.02))
    sim.load([scene, make(a=(0.4, 0.3, 0.02)), scene])
    frames = sim.render(["above", "front"], ("rgb", "depth", "segmentation", "points"))
    columns = sim.state().layout
    for name, (b_top, table_spot) in {"above": ((0.6, -0.2, 0.04), (0.75, -0.3, 0.0))}.items():
        shot = frames[name]
        for point, body in ((b_top, "b"), (table_spot, "table")):
            v, u, depth = pixel(scene, name, shot.pose[0], point)
            assert shot.segmentation[0, v, u] == columns.body(body)
            assert shot.depth[0, v, u] == pytest.approx(depth, abs=0.005)
            np.testing.assert_allclose(shot.points[0, v, u], point, atol=0.008)
    v, u, _ = pixel(scene, "front", frames["front"].pose[0], (0.6, -0.2, 0.02))
    assert frames["front"].segmentation[0, v, u] == columns.body("b")


def test_frames_have_the_promised_shapes_and_types(sim: Any, make: Any) -> None:
    sim.load([make()] * 3)
    shot = sim.render(["above"], ("rgb", "depth", "segmentation", "points"))["above"]
    assert (shot.rgb.shape, shot.rgb.dtype) == ((3, 100, 120, 3), np.uint8)
    assert (shot.depth.shape, shot.depth.dtype) == ((3, 100, 120), np.float32)
    assert (shot.segmentation.shape, shot.segmentation.dtype) == ((3, 100, 120), np.int16)
    assert (shot.points.shape, shot.points.dtype) == ((3, 100, 120, 3), np.float32)
    assert (shot.pose.shape, shot.pose.dtype) == ((3, 7), np.float32)
    assert shot.rgb.std() > 5, "the image is not blank"
    only = sim.render(["above"], ("rgb",))["above"]
    assert only.depth is None
    assert only.segmentation is None
    assert only.points is None
    np.testing.assert_array_equal(only.rgb, shot.rgb)


def test_a_fixed_camera_stands_where_its_spec_says(sim: Any, make: Any) -> None:
    sim.load([make()] * 3)
    frames = sim.render(["front", "above"])
    for camera in make().cameras:
        np.testing.assert_allclose(frames[camera.name].pose[:, :3], np.tile(camera.pose[:3], (3, 1)), atol=1e-5)
        assert (angle_between(frames[camera.name].pose[:, 3:], camera.pose[3:]) < 1e-3).all()


def test_the_wrist_camera_rides_on_the_hand(sim: Any, make: Any) -> None:
    robot = make().robot
    sim.load([make()] * 3)
    before = sim.render(["wrist"])["wrist"]
    actions = hold(make(), 20)
    actions[:, 1, 0] += np.linspace(0, 0.4, 20)
    end = sim.run(actions).at(-1)
    after = sim.render(["wrist"], ("rgb", "segmentation"))["wrist"]
    expected = compose(link_poses(robot, end.qpos)["hand"], robot.cameras[0].pose)
    np.testing.assert_allclose(after.pose[:, :3], expected[:, :3], atol=1e-3)
    assert (angle_between(after.pose[:, 3:], expected[:, 3:]) < 2e-3).all()
    moved = np.linalg.norm(after.pose[:, :3] - before.pose[:, :3], axis=-1)
    assert moved[1] > 0.1
    assert moved[0] < 0.01
    fingers = {end.layout.body("robot/left_finger"), end.layout.body("robot/right_finger")}
    assert fingers <= set(np.unique(after.segmentation[0]).tolist()), "it sees both fingers"


def test_some_rows_can_be_rendered_alone(sim: Any, make: Any) -> None:
    sim.load([make(), make(a=(0.4, 0.3, 0.2)), make(drawer=0.15)])
    every = sim.render(["above"], ("rgb", "segmentation"))["above"]
    some = sim.render(["above"], ("rgb", "segmentation"), rows=[2, 0])["above"]
    assert len(some.rgb) == 2
    np.testing.assert_array_equal(some.segmentation, every.segmentation[[2, 0]])
    np.testing.assert_array_equal(some.rgb, every.rgb[[2, 0]])
    assert (every.segmentation[0] != every.segmentation[2]).any()


# Errors


def test_mistakes_are_named(sim: Any, make: Any, toys: ModuleType, tmp_path: Path) -> None:
    sim.load([make()] * 3)
    with pytest.raises(UnknownNameError, match="above"):
        sim.render(["abov"])
    with pytest.raises(TaskloomError, match="8"):
        sim.run(hold(make(), 2)[..., :5])
    with pytest.raises(TaskloomError):
        sim.load([make(), toys.scene()])
    with pytest.raises(TaskloomError):
        sim.load([])
    sim.load([make()] * 3)
    with pytest.raises(TaskloomError, match="load them instead"):
        sim.put([1], [toys.scene()])
    with pytest.raises(TaskloomError, match="each row once"):
        sim.put([1, 1], [make(), make()])
