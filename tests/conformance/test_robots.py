"""Every vendored robot on every quick engine: it holds its home, its gripper opens as told, its kinematics are true."""

from __future__ import annotations

import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from pipeline.core.doors import Simulator
from pipeline.core.kinematics import forward_kinematics
from pipeline.core.registry import Registry
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec

CATALOG = LibraryCatalog()
SIMULATORS: Registry = Registry("pipeline.sim", "simulator")
ENGINES = ["kinematic", *(pytest.param(name, marks=pytest.mark.physics) for name in ("mujoco", "genesis"))]


@pytest.fixture(scope="module", params=CATALOG.robots)
def robot(request: pytest.FixtureRequest) -> RobotSpec:
    return CATALOG.robot(request.param)


@pytest.fixture(scope="module", params=ENGINES)
def simulator(request: pytest.FixtureRequest):
    made = SIMULATORS.get(request.param)(CATALOG, device="cpu")
    yield made
    made.close()


def start_of(robot: RobotSpec) -> tuple[float, ...]:
    return (*robot.home, robot.gripper.max_width, *robot.others_home)


def load(simulator: Simulator, robot: RobotSpec) -> np.ndarray:
    scene = SceneSpec(task="robot", robot=robot, robot_start=start_of(robot), placements=())
    simulator.load([scene, scene])
    return np.array(start_of(robot), np.float32)


def hold(target: np.ndarray, seconds: float) -> np.ndarray:
    return np.repeat(np.repeat(target[None, None], round(seconds * 20), axis=0), 2, axis=1).astype(np.float32)


def test_it_holds_its_home_for_a_second(simulator, robot: RobotSpec) -> None:
    home = load(simulator, robot)
    after = simulator.run(hold(home, 1.0)).at(-1)
    assert np.abs(after.qpos - home).max() < 0.02
    assert np.abs(after.qvel).max() < 0.05


def test_its_forward_kinematics_are_the_engines(simulator, robot: RobotSpec) -> None:
    load(simulator, robot)
    state = simulator.state()
    expected = forward_kinematics(robot, np.asarray(robot.home))
    assert state.tcp[0, :3] == pytest.approx(expected[:3], abs=1e-3)
    assert abs(float(state.tcp[0, 3:] @ expected[3:])) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_its_gripper_opens_as_wide_as_it_is_told(simulator, robot: RobotSpec, share: float) -> None:
    target = load(simulator, robot)
    column = robot.width_column
    target[column] = share * robot.gripper.max_width
    after = simulator.run(hold(target, 1.5)).at(-1)
    assert after.qpos[:, column] == pytest.approx(target[column], abs=0.002)


def test_it_follows_a_small_motion_of_every_joint(simulator, robot: RobotSpec) -> None:
    target = load(simulator, robot)
    arm = slice(len(robot.arm))
    target[arm] += 0.1
    lower, upper = (np.array([getattr(j, side) for j in robot.arm]) for side in ("lower", "upper"))
    target[arm] = np.clip(target[arm], lower, upper)
    after = simulator.run(hold(target, 1.5)).at(-1)
    assert np.abs(after.qpos[:, arm] - target[arm]).max() < 0.02


def test_it_stays_within_its_limits_whatever_it_is_told(simulator, robot: RobotSpec) -> None:
    target = load(simulator, robot)
    target[: len(robot.arm)] = 100.0
    after = simulator.run(hold(target, 1.5)).at(-1)
    assert (after.qpos[:, : len(robot.arm)] <= np.array([j.upper for j in robot.arm]) + 0.02).all()
