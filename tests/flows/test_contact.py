"""The five tasks of contact: through the gates in both engines, each a preset, over things of their own."""

from __future__ import annotations

import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from benchmarks._problems import pose_problem, simulator_of
from demo_solvers.rewards.experts import GOALS
from demo_solvers.solvers.vipr import vipr
from flows.config import compose
from flows.task_set import task_set
from pipeline.core.doors import Problem
from pipeline.core.poses import yaw_of
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from pipeline.rollout import attempt
from scene_gen.builder import TabletopBuilder
from task_gen.gate import static_gate

CATALOG = LibraryCatalog()
TASKS = {task.name: task for task in task_set("contact").tasks}
every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


def posed(task: TaskSpec, backend: str) -> Problem:
    """Six worlds through the dynamic gate: the goal false at the reset and after waiting, true once it is staged."""
    found = pose_problem(task, simulator_of(backend), robot="panda", worlds=6, seed=3)
    assert found.problem is not None, found.reasons
    return found.problem


def starts(name: str, count: int = 30) -> list[dict[str, np.ndarray]]:
    """Poses by object name in sampled scenes."""
    builder = TabletopBuilder(CATALOG, CATALOG.robot("panda"), cameras=())
    scenes = [builder.build(TASKS[name], stream(1, "contact", name, i)) for i in range(count)]
    return [{p.name: np.array(p.pose) for p in scene.placements} for scene in scenes]


def test_there_are_the_five_that_rewards_were_written_for() -> None:
    assert {name: task.goal for name, task in TASKS.items()} == GOALS


@every_task
def test_its_preset_is_given_the_task_alone(task: TaskSpec) -> None:
    config = compose(task.name, demos=2)
    assert config.given == (task,)
    assert (config.tasks, config.demos) == (1, 2)


@every_task
def test_it_passes_the_static_gate(task: TaskSpec) -> None:
    assert static_gate(task, CATALOG, CATALOG.robot("panda")).reasons == ()


@every_task
def test_its_worlds_settle_and_pass_the_dynamic_gate(task: TaskSpec) -> None:
    assert len(posed(task, "mujoco").scenes) >= 5


@pytest.mark.physics
@every_task
def test_they_do_in_genesis_too(task: TaskSpec) -> None:
    assert len(posed(task, "genesis").scenes) >= 5


@pytest.mark.physics
@pytest.mark.parametrize("name", ["push_precise", "reorient"])
def test_planned_pushes_bring_most_to_their_place_and_heading(name: str) -> None:
    found = pose_problem(TASKS[name], simulator_of("mujoco"), robot="panda", worlds=12, seed=5)
    assert found.problem is not None, found.reasons
    outcomes = attempt(simulator_of("mujoco"), found.problem, vipr).outcomes
    assert np.mean([outcome.success for outcome in outcomes]) >= 0.5


def test_the_box_starts_some_way_off_and_nearly_along_the_mark() -> None:
    for at in starts("push_precise"):
        away = np.linalg.norm((at["box"] - at["mark"])[:2])
        turn = float(yaw_of(at["box"][3:]) - yaw_of(at["mark"][3:]))
        askew = abs((turn + np.pi / 4) % (np.pi / 2) - np.pi / 4)
        assert 0.12 <= away <= 0.20
        assert askew <= np.deg2rad(15 + 8) + 1e-6


def test_the_case_starts_in_the_middle_of_its_outline_and_across_it() -> None:
    for at in starts("reorient"):
        turn = float(yaw_of(at["slab"][3:]) - yaw_of(at["outline"][3:]))
        assert np.linalg.norm((at["slab"] - at["outline"])[:2]) < 0.013
        assert abs(np.cos(turn)) < np.sin(np.deg2rad(6))


def test_the_ledge_stands_within_reach() -> None:
    for at in starts("edge_grasp"):
        assert 0.60 <= at["ledge"][0] <= 0.69
        assert np.linalg.norm((at["board"] - at["ledge"])[:2]) < 0.01


def test_nobody_else_is_offered_their_things() -> None:
    used = {o.asset for task in TASKS.values() for o in task.objects}
    assert used == set(CATALOG.made_for_tasks)
    assert not used & set(CATALOG.assets)
