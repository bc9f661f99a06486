"""The Panda's card describes the Panda's model: chain, limits, fingers, spheres and wrist camera."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from pipeline.core.poses import compose, inverse, pose, quat_from_axis_angle, quat_rotate, transform_points
from pipeline.core.robot import RobotSpec


@pytest.fixture(scope="module")
def robot() -> RobotSpec:
    return LibraryCatalog().robot("panda")


@pytest.fixture(scope="module")
def model(robot: RobotSpec) -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_path(str(LibraryCatalog().folder(robot) / robot.model))


def _forward(robot: RobotSpec, q: np.ndarray) -> np.ndarray:
    result = pose((0.0, 0.0, 0.0))
    for joint, angle in zip(robot.arm, q, strict=True):
        result = compose(compose(result, joint.origin), pose((0, 0, 0), quat_from_axis_angle(joint.axis, angle)))
    return compose(compose(result, robot.flange), robot.tool)


def _set(model: mujoco.MjModel, robot: RobotSpec, q: np.ndarray, width: float = 0.0) -> mujoco.MjData:
    data = mujoco.MjData(model)
    for joint, angle in zip(robot.arm, q, strict=True):
        data.joint(joint.name).qpos = angle
    for name in robot.gripper.joints:
        data.joint(name).qpos = width / 2
    mujoco.mj_kinematics(model, data)
    return data


def _body(data: mujoco.MjData, name: str) -> np.ndarray:
    return pose(data.body(name).xpos, data.body(name).xquat)


def test_the_chain_agrees_with_mujoco(robot: RobotSpec, model: mujoco.MjModel) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        q = rng.uniform([j.lower for j in robot.arm], [j.upper for j in robot.arm])
        expected = compose(_body(_set(model, robot, q), robot.tool_link), robot.tool)
        found = _forward(robot, q)
        assert found[:3] == pytest.approx(expected[:3], abs=1e-6)
        assert abs(found[3:] @ expected[3:]) == pytest.approx(1, abs=1e-9)


def test_limits_are_those_of_the_model(robot: RobotSpec, model: mujoco.MjModel) -> None:
    for joint, home in zip(robot.arm, robot.home, strict=True):
        assert model.joint(joint.name).range == pytest.approx((joint.lower, joint.upper))
        assert joint.lower < home < joint.upper


def test_at_home_the_tool_points_down_in_front_of_the_robot(robot: RobotSpec) -> None:
    tool = _forward(robot, np.array(robot.home))
    assert quat_rotate(tool[3:], (0, 0, 1)) == pytest.approx((0, 0, -1), abs=1e-3)
    assert 0.25 < tool[0] < 0.6
    assert 0.2 < tool[2] < 0.7


def test_the_fingers_close_along_the_tools_y_and_meet_at_its_origin(robot: RobotSpec, model: mujoco.MjModel) -> None:
    pads = []
    for width in (0.0, 0.06):
        data = _set(model, robot, np.array(robot.home), width)
        tool = compose(_body(data, robot.tool_link), robot.tool)
        links = (robot.gripper.left_link, robot.gripper.right_link)
        pads.append([compose(inverse(tool), _body(data, link))[:3] for link in links])
    (left0, right0), (left1, right1) = pads
    assert left1 - left0 == pytest.approx((0, 0.03, 0), abs=1e-6)
    assert right1 - right0 == pytest.approx((0, -0.03, 0), abs=1e-6)


def test_fingertips_reach_beyond_the_tool_point_by_the_finger_depth(robot: RobotSpec, model: mujoco.MjModel) -> None:
    data = _set(model, robot, np.array(robot.home))
    tool = compose(_body(data, robot.tool_link), robot.tool)
    reach = _piece_corners(model, data, robot.gripper.left_link) - tool[:3]
    depth = (reach @ quat_rotate(tool[3:], (0, 0, 1))).max()
    assert depth == pytest.approx(robot.gripper.finger_depth, abs=0.002)


def test_the_model_is_bare_so_that_backends_bring_their_own_controllers(model: mujoco.MjModel) -> None:
    assert (model.nu, model.ntendon, model.neq, model.nkey) == (0, 0, 0, 0)
    assert model.nq == 9


def test_visual_meshes_are_light(model: mujoco.MjModel) -> None:
    seen = [int(model.geom_dataid[g]) for g in range(model.ngeom) if model.geom_group[g] == 2]
    assert 3_000 < sum(int(model.mesh_facenum[m]) for m in seen) < 12_000


def test_spheres_cover_the_collision_pieces_without_standing_far_out(robot: RobotSpec, model: mujoco.MjModel) -> None:
    data = _set(model, robot, np.array(robot.home))
    assert sum(map(len, robot.spheres.values())) <= 75
    for link, spheres in robot.spheres.items():
        corners = transform_points(inverse(_body(data, link)), _piece_corners(model, data, link))
        centres, radii = np.array(spheres)[:, :3], np.array(spheres)[:, 3]
        gap = (np.linalg.norm(corners[:, None] - centres, axis=-1) - radii).min(axis=1)
        assert gap.max() < 0.016
        low, high = (centres - radii[:, None]).min(axis=0), (centres + radii[:, None]).max(axis=0)
        assert np.all(low > corners.min(axis=0) - 0.016)
        assert np.all(high < corners.max(axis=0) + 0.016)


def _piece_corners(model: mujoco.MjModel, data: mujoco.MjData, body: str) -> np.ndarray:
    """World corners of the collision geoms of one body."""
    points = []
    for g in range(model.ngeom):
        if model.geom_bodyid[g] != model.body(body).id or model.geom_group[g] != 3:
            continue
        if model.geom_type[g] == mujoco.mjtGeom.mjGEOM_MESH:
            mesh = model.mesh(int(model.geom_dataid[g]))
            local = model.mesh_vert[int(mesh.vertadr[0]) : int(mesh.vertadr[0] + mesh.vertnum[0])]
        else:
            local = (np.array(list(np.ndindex(2, 2, 2))) * 2 - 1) * model.geom_size[g]
        points.append(local @ data.geom_xmat[g].reshape(3, 3).T + data.geom_xpos[g])
    return np.concatenate(points)


def test_the_wrist_camera_sees_both_fingertips_and_the_grasp_point(robot: RobotSpec) -> None:
    (camera,) = robot.cameras
    assert camera.mount == robot.tool_link
    depth = robot.gripper.finger_depth
    points = np.array([(0, 0, 0), (0, 0.04, depth), (0, -0.04, depth), (0, 0, 0.1)], float)
    seen = transform_points(compose(inverse(camera.pose), robot.tool), points)
    u, v, w = camera.intrinsics @ seen.T
    assert np.all(w > 0)
    assert np.all((u / w > 4) & (u / w < camera.width - 4))
    assert np.all((v / w > 4) & (v / w < camera.height - 4))
