from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pipeline.core.poses import quat_from_rotvec, quat_from_yaw, yaw_of
from pipeline.core.scene import SceneSpec
from pipeline.core.world import WorldTrace
from pipeline.sim.kinematic import kinematic


@pytest.fixture
def play(toys: ModuleType, tmp_path: Path) -> Any:
    """Load one scene and run actions (time, dof)."""
    sim = kinematic(toys.ToyFiles(tmp_path))

    def run(scene: SceneSpec, actions: np.ndarray) -> WorldTrace:
        sim.load([scene])
        return sim.run(actions[:, None])

    return run


def still(scene: SceneSpec) -> np.ndarray:
    return np.array([scene.robot_start], dtype=np.float32)


def test_a_tilted_block_lands_level_and_keeps_its_heading(play: Any, toys: ModuleType) -> None:
    tilted = tuple(float(v) for v in quat_from_rotvec([0.2, 0.1, 0.5]))
    scene = toys.scene(toys.placed("a", toys.block(), (0.5, 0, 0.3, *tilted)))
    end = play(scene, still(scene)).at(-1)
    assert end.body("a")[0, 2] == pytest.approx(toys.BLOCK, abs=1e-6)
    assert yaw_of(end.body("a")[0, 3:]) == pytest.approx(float(yaw_of(tilted)), abs=1e-3)
    np.testing.assert_allclose(end.body("a")[0, 4:6], 0, atol=1e-6)


def test_blocks_dropped_one_above_the_other_form_a_stack(play: Any, toys: ModuleType) -> None:
    names = ("high", "low", "middle")
    scene = toys.scene(
        *(toys.placed(n, toys.block(), (0.5, 0, z)) for n, z in zip(names, (0.5, 0.1, 0.3), strict=True))
    )
    end = play(scene, still(scene)).at(-1)
    heights = [end.body(name)[0, 2] for name in ("low", "middle", "high")]
    np.testing.assert_allclose(heights, [0.02, 0.06, 0.10], atol=1e-5)
    assert end.touching("middle", "low").all()
    assert end.touching("middle", "high").all()
    assert not end.touching("low", "high").any()


def test_a_block_beside_the_table_falls_to_the_floor(play: Any, toys: ModuleType) -> None:
    scene = toys.scene(toys.placed("a", toys.block(), (1.5, 0, 0.3)))
    end = play(scene, still(scene)).at(-1)
    assert end.body("a")[0, 2] == pytest.approx(scene.floor_height + toys.BLOCK, abs=1e-5)
    assert end.touching("a", "floor").all()


def test_a_painted_region_carries_nothing(play: Any, toys: ModuleType) -> None:
    zone = toys.placed("zone", toys.zone(), (0.5, 0, 0.001))
    scene = toys.scene(zone, toys.placed("a", toys.block(), (0.5, 0, 0.3)))
    end = play(scene, still(scene)).at(-1)
    assert end.touching("a", "table").all()
    assert not end.touching("a", "zone").any()


def grasp(toys: ModuleType, at: tuple[float, float, float], *after: tuple[Any, float, int]) -> np.ndarray:
    """Come down over a point, close, and go on."""
    above, down = toys.reach((at[0], at[1], at[2] + 0.1)), toys.reach(at)
    return toys.motion((above, 0.08, 5), (down, 0.08, 5), (down, 0.0, 2), *after)


def test_an_off_centre_block_is_pulled_to_the_middle_of_the_hand(play: Any, toys: ModuleType) -> None:
    scene = toys.scene(toys.placed("a", toys.block(), (0.5, 0.012, 0.02)))
    end = play(scene, grasp(toys, (0.5, 0.0, 0.02))).at(-1)
    assert end.body("a")[0, 1] == pytest.approx(0.0, abs=1e-3)
    assert end.qpos[0, 7] == pytest.approx(2 * toys.BLOCK, abs=1e-3)
    assert end.touching("a", "robot/left_finger").all()


def test_a_brick_across_the_fingers_is_too_wide_to_hold(play: Any, toys: ModuleType) -> None:
    crosswise = tuple(float(v) for v in quat_from_yaw(np.pi / 2))
    scene = toys.scene(toys.placed("a", toys.brick(), (0.5, 0.03, 0.02, *crosswise)))
    lift = toys.reach((0.5, 0, 0.2))
    end = play(scene, grasp(toys, (0.5, 0.0, 0.02), (lift, 0.0, 5))).at(-1)
    assert end.body("a")[0, 2] == pytest.approx(0.02, abs=1e-3)
    assert end.qpos[0, 7] == 0


def test_closing_less_than_the_width_holds_nothing(play: Any, toys: ModuleType) -> None:
    scene = toys.scene(toys.placed("a", toys.block(), (0.5, 0.0, 0.02)))
    above, down = toys.reach((0.5, 0, 0.12)), toys.reach((0.5, 0, 0.02))
    end = play(scene, toys.motion((above, 0.08, 5), (down, 0.08, 5), (down, 0.06, 2), (above, 0.06, 5))).at(-1)
    assert end.body("a")[0, 2] == pytest.approx(0.02, abs=1e-3)
    assert not end.touching("a", "robot/left_finger").any()


def test_a_carried_block_is_put_on_another(play: Any, toys: ModuleType) -> None:
    scene = toys.scene(
        toys.placed("a", toys.block(), (0.5, 0.0, 0.02)), toys.placed("b", toys.block(), (0.5, 0.2, 0.02))
    )
    lift, over, on = (toys.reach(p) for p in ((0.5, 0, 0.15), (0.5, 0.2, 0.15), (0.5, 0.2, 0.063)))
    way = grasp(toys, (0.5, 0, 0.02), (lift, 0, 5), (over, 0, 10), (on, 0, 5), (on, 0.08, 2), (over, 0.08, 5))
    trace = play(scene, way)
    assert not trace.at(20).touching("a", "table").any()
    end = trace.at(-1)
    np.testing.assert_allclose(end.body("a")[0, :3], [0.5, 0.2, 0.06], atol=2e-3)
    assert end.touching("a", "b").all()
    assert not end.touching("a", "robot/left_finger").any()
    assert end.speed("a")[0] == 0


def test_fingers_that_move_sideways_push_a_block_ahead(play: Any, toys: ModuleType) -> None:
    scene = toys.scene(toys.placed("a", toys.brick(), (0.5, 0.0, 0.02)))
    before, behind, ahead = (toys.reach(p) for p in ((0.4, 0, 0.12), (0.4, 0, 0.02), (0.52, 0, 0.02)))
    trace = play(scene, toys.motion((before, 0.0, 5), (behind, 0.0, 5), (ahead, 0.0, 24)))
    end = trace.at(-1)
    assert end.body("a")[0, 0] == pytest.approx(0.52 + 0.01 + 0.04, abs=3e-3)
    assert end.body("a")[0, 1] == pytest.approx(0.0, abs=3e-3)
    assert end.body("a")[0, 2] == pytest.approx(0.02, abs=1e-4)
    assert end.touching("a", "robot/left_finger").any()


def drawer_scene(toys: ModuleType, start: Any, width: float, *extra: Any, joint: float, at: Any = None) -> SceneSpec:
    cabinet = toys.placed("cabinet", toys.cabinet(), at or toys.DRAWER_AT, slide=joint)
    return toys.scene(cabinet, *extra, robot_start=(*(float(v) for v in start), width))


def test_what_lies_in_a_drawer_rides_with_it_when_it_is_pushed_shut(play: Any, toys: ModuleType) -> None:
    x, y, z = at = (0.85, 0.2, 0.18)
    opened = 0.1
    front = x - opened + toys.HANDLE[0] - 0.008
    far = toys.reach((front - 0.04, y, z), toys.AHEAD)
    way = toys.straight((front - 0.04, y, z), (front + opened, y, z), toys.AHEAD, far, steps=48)
    block = toys.placed("a", toys.block(), (x - 0.15, y, z))
    trace = play(
        drawer_scene(toys, far, 0.0, block, joint=opened, at=at),
        toys.motion(*((q, 0.0, 1) for q in way), start=far, width=0.0),
    )
    first, end = trace.at(0), trace.at(-1)
    assert first.touching("a", "cabinet/drawer").all()
    assert first.body("a")[0, 2] == pytest.approx(z - 0.055 + toys.BLOCK, abs=1e-4)
    assert end.joint_position("cabinet/slide")[0] < 0.02
    moved = first.joint_position("cabinet/slide")[0] - end.joint_position("cabinet/slide")[0]
    assert end.body("a")[0, 0] - first.body("a")[0, 0] == pytest.approx(moved, abs=1e-4)
    assert end.touching("a", "cabinet/drawer").all()


def test_letting_go_of_a_handle_leaves_the_drawer_where_it_is(play: Any, toys: ModuleType) -> None:
    x, y, z = toys.DRAWER_AT[0] + toys.HANDLE[0], *toys.DRAWER_AT[1:]
    at = toys.reach((x, y, z), toys.AHEAD)
    out, away = (toys.reach((x - d, y, z), toys.AHEAD, at) for d in (0.07, 0.17))
    trace = play(
        drawer_scene(toys, at, 0.06, joint=0.0),
        toys.motion((at, 0.0, 3), (out, 0.0, 10), (out, 0.06, 2), (away, 0.06, 10), start=at, width=0.06),
    )
    assert trace.at(12).joint_position("cabinet/slide")[0] == pytest.approx(0.07, abs=1e-3)
    assert trace.at(-1).joint_position("cabinet/slide")[0] == pytest.approx(0.07, abs=1e-3)
    assert trace.at(5).touching("cabinet/drawer", "robot/left_finger").all()
    assert not trace.at(-1).touching("cabinet/drawer", "robot/left_finger").any()


def test_velocities_are_differences_over_a_control_step(play: Any, toys: ModuleType) -> None:
    scene = toys.scene(toys.placed("a", toys.block(), (0.5, 0.0, 0.02)))
    lift = toys.reach((0.5, 0, 0.12))
    trace = play(scene, grasp(toys, (0.5, 0, 0.02), (lift, 0.0, 10)))
    moved = (trace.at(-1).body("a") - trace.at(-2).body("a"))[0, :3]
    column = trace.at(-1).layout.body("a")
    np.testing.assert_allclose(trace.at(-1).velocity[0, column, :3], moved * 20, atol=1e-4)
    assert trace.at(-1).speed("a")[0] > 0.1
