"""Goals that ask for something in the hand are staged with the arm at a grasp of it, and physics lets it hang there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from flows.stages import make_simulator
from pipeline.core.doors import Unplaceable
from pipeline.core.kinematics import forward_kinematics
from pipeline.core.poses import compose
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from pipeline.holds import holds, parse
from pipeline.settling import hold_still
from scene_gen.builder import TabletopBuilder

GOAL = "(and (holding block_red) (raised block_red))"


def staged(catalog: LibraryCatalog, task: TaskSpec, *, rows: int = 1) -> list[SceneSpec]:
    builder = TabletopBuilder(catalog, catalog.robot("panda"), cameras=())
    scenes = [builder.build(task, stream(3, "held", i)) for i in range(rows)]
    return [builder.stage(task, scene, stream(3, "stage", i)) for i, scene in enumerate(scenes)]


def test_the_hand_is_at_a_grasp_of_what_it_holds(catalog: LibraryCatalog, task: Callable[..., TaskSpec]) -> None:
    (scene,) = staged(catalog, task(GOAL, "block_red", "bowl"))
    robot, block = scene.robot, scene.placement("block_red")
    tool = forward_kinematics(robot, np.array(scene.robot_start[: robot.width_column]))
    grasps = compose(np.array(block.pose), np.array([g.pose for g in block.asset.links[""].grasps]))
    assert np.linalg.norm(grasps[:, :3] - tool[:3], axis=1).min() < 0.003
    assert scene.robot_start[robot.width_column] < robot.gripper.max_width / 2 + 0.01
    assert block.pose[2] > 0.1


def test_what_is_not_held_stays_where_it_was(catalog: LibraryCatalog, task: Callable[..., TaskSpec]) -> None:
    wanted = task(GOAL, "block_red", "bowl")
    builder = TabletopBuilder(catalog, catalog.robot("panda"), cameras=())
    scene = builder.build(wanted, stream(3, "held", 0))
    assert builder.stage(wanted, scene, stream(3)).placement("bowl").pose == scene.placement("bowl").pose


@pytest.mark.parametrize(
    ("goal", "why"),
    [
        ("(and (holding block_red) (holding bowl))", "One hand cannot hold"),
        ("(holding carton)", "has no grasp"),
        ("(and (holding block_red) (near block_red bowl))", "cannot be held where the goal wants it"),
    ],
)
def test_what_no_hand_can_hold_is_refused(
    catalog: LibraryCatalog, task: Callable[..., TaskSpec], goal: str, why: str
) -> None:
    with pytest.raises(Unplaceable, match=why):
        staged(catalog, task(goal, "block_red", "bowl", "carton"))


@pytest.mark.physics
def test_it_hangs_in_the_hand(catalog: LibraryCatalog, task: Callable[..., TaskSpec]) -> None:
    scenes = staged(catalog, task(GOAL, "block_red", "bowl"), rows=3)
    simulator = make_simulator("mujoco", catalog)
    simulator.load(scenes)
    simulator.run(hold_still(scenes, 1.5))
    trace = simulator.run(hold_still(scenes, 0.5))
    assert holds(parse(GOAL), trace.flat).all()
