"""What an arm with five joints is given up for: tool poses turned, in closed form, until it can reach them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from demo_solvers.planning.arm import Arm
from demo_solvers.planning.means import bent, faced, over, plane_of, tipped
from pipeline.core import poses

CATALOG = LibraryCatalog()
ARM = Arm(CATALOG.robot("so101"))
BASE = poses.pose(np.array([0.1, 0.2, 0.0]), poses.quat_from_yaw(0.7))


class Standing:
    """As much of an execution as planning asks for: an arm whose base stands somewhere on the table."""

    def __init__(self, arm: Arm) -> None:
        self.arm = arm

    def state(self) -> Any:
        return SimpleNamespace(body=lambda _: np.tile(BASE, (500, 1)))

    def to_base(self, T_world: Any, rows: Any) -> Any:
        return poses.compose(poses.inverse(BASE), T_world)


EX: Any = Standing(ARM)


def reached(count: int = 150) -> np.ndarray:
    """Tool poses (k, 7) in the world that the arm has at random joints, ahead of it."""
    rng = np.random.default_rng(0)
    q = rng.uniform(ARM.lower, ARM.upper, (count, 5))
    q[:, 0] = rng.uniform(-1.0, 1.0, count)
    tool = ARM.tool_pose(q)
    return poses.compose(BASE, tool[tool[:, 0] > 0.12])


def reachable(tool: np.ndarray) -> np.ndarray:
    """Whether any of several searches arrives at tool poses (k, 7) in the world, (k,)."""
    rng, ok, target = np.random.default_rng(1), np.zeros(len(tool), bool), EX.to_base(tool, None)
    for _ in range(12):
        start = rng.uniform(ARM.lower, ARM.upper, (len(tool), 5))
        ok |= ARM.ik(target, start, posture=ARM.home, iterations=100).ok
    return ok


@pytest.mark.parametrize("name", ["aloha", "panda", "ur5e"])
def test_an_arm_that_reaches_any_pose_has_no_plane(name: str) -> None:
    arm = Arm(CATALOG.robot(name))
    tool = reached()
    assert plane_of(arm) is None
    assert bent(Standing(arm), tool, np.arange(len(tool))) is tool  # type: ignore[arg-type]


def test_a_pose_that_is_a_little_off_is_bent_into_reach() -> None:
    tool = reached()
    rows = np.arange(len(tool))
    off = poses.quat_from_rotvec(np.random.default_rng(2).normal(0.0, 0.1, (len(tool), 3)))
    wanted = poses.pose(tool[:, :3], poses.quat_multiply(off, tool[:, 3:]))
    found = bent(EX, wanted[:, None], rows)[:, 0]
    np.testing.assert_allclose(found[:, :3], wanted[:, :3], atol=1e-9)
    assert reachable(wanted).mean() < 0.1
    assert reachable(found).mean() > 0.7


def test_what_is_held_is_turned_about_the_vertical_until_it_is_in_reach() -> None:
    tool = reached()
    rng, rows = np.random.default_rng(3), np.arange(len(tool))
    centre = tool[:, :3] + rng.normal(0.0, 0.03, (len(tool), 3))
    yaw = poses.quat_from_yaw(rng.uniform(-3.0, 3.0, len(tool)))
    about = poses.pose(centre - poses.quat_rotate(yaw, centre), yaw)
    wanted = poses.compose(about, tool)
    found = faced(EX, wanted[:, None], centre[:, None], rows)[:, 0]
    assert reachable(wanted).mean() < 0.1
    assert reachable(found).mean() > 0.8
    # Only about the vertical: the centre stays where it is in the hand, and so does what points up.
    held = [poses.transform_points(poses.inverse(p), centre[:, None])[:, 0] for p in (wanted, found)]
    np.testing.assert_allclose(held[0], held[1], atol=1e-6)
    up = [poses.quat_rotate(poses.quat_conjugate(p[:, 3:]), np.array([0.0, 0.0, 1.0])) for p in (wanted, found)]
    np.testing.assert_allclose(up[0], up[1], atol=0.05)


def test_a_tipped_hand_stays_in_the_plane() -> None:
    tool = reached()
    rows, centre = np.arange(len(tool)), tool[:, None, :3]
    found = tipped(EX, tool[:, None], centre, rows, angle=0.05, lift=0.0)[:, 0]
    assert np.abs(poses.angle_between(found[:, 3:], tool[:, 3:]) - 0.05).max() < 0.01
    assert reachable(found).mean() > 0.8


def test_a_hand_that_cannot_be_raised_as_it_is_is_tipped_outward() -> None:
    down = poses.quat_multiply(poses.quat_from_yaw(np.pi / 2), (0.0, 1.0, 0.0, 0.0))
    tool = poses.compose(BASE, poses.pose(np.array([[0.24, 0.0, 0.03]]), down))
    rows, shift = np.zeros(1, int), np.array([[0.0, 0.0, 0.10]])
    tool = bent(EX, tool, rows)
    low = ARM.ik_restarted(EX.to_base(tool, rows))
    assert low.ok.all()
    assert not reachable(poses.pose(tool[:, :3] + shift, tool[:, 3:])).any()
    high, found = over(EX, tool, shift, rows, low.q)
    assert found.ok.all()
    np.testing.assert_allclose(high[:, :3], tool[:, :3] + shift, atol=1e-9)
    np.testing.assert_allclose(ARM.tool_pose(found.q)[:, :3], EX.to_base(high, rows)[:, :3], atol=1e-3)
