from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pipeline.core.errors import RenderingError, SimulationError
from pipeline.sim._mujoco_render import open_context
from pipeline.sim.mujoco import mujoco

pytestmark = pytest.mark.physics


@pytest.fixture
def files(toys: ModuleType, tmp_path: Path) -> Any:
    return toys.ToyFiles(tmp_path)


def stay(scene: Any, steps: int, *, batch: int = 1) -> np.ndarray:
    return np.tile(np.array(scene.robot_start, np.float32), (steps, batch, 1))


def test_the_card_decides_the_mass_whatever_the_model_file_says(files: Any, toys: ModuleType) -> None:
    heavy = toys.block().model_copy(update={"mass": 0.7})
    sim = mujoco(files)
    sim.load([toys.scene(toys.placed("a", heavy, (0.5, 0, 0.02)))])
    assert sim._compiled is not None
    assert sim._compiled.model.body("a/base").mass[0] == pytest.approx(0.7)


def test_a_slippery_card_makes_a_slippery_block(files: Any, toys: ModuleType) -> None:
    ice = toys.block().model_copy(update={"friction": 0.0})
    slope = (0.0, 2.0, -9.81)
    table = toys.table().model_copy(update={"friction": 0.0})
    sim = mujoco(files)
    scene = toys.scene(toys.placed("ice", ice, (0.5, 0, 0.02)), toys.placed("dry", toys.block(), (0.6, 0, 0.02)))
    placements = tuple(p.model_copy(update={"asset": table}) if p.name == "table" else p for p in scene.placements)
    physics = scene.physics.model_copy(update={"gravity": slope})
    scene = scene.model_copy(update={"placements": placements, "physics": physics})
    sim.load([scene])
    end = sim.run(stay(scene, 8)).at(-1)
    assert end.body("ice")[0, 1] > 0.05
    assert abs(end.body("dry")[0, 1]) < 0.005


def test_a_held_block_does_not_creep(files: Any, toys: ModuleType) -> None:
    above, at = toys.reach((0.5, 0, 0.15)), toys.reach((0.5, 0, 0.02))
    way = toys.motion((above, 0.08, 15), (at, 0.08, 15), (at, 0.0, 10), (above, 0.0, 20), (above, 0.0, 60))
    sim = mujoco(files)
    sim.load([toys.scene(toys.placed("a", toys.block().model_copy(update={"mass": 0.3}), (0.5, 0, 0.02)))])
    trace = sim.run(way[:, None])
    assert trace.at(-1).body("a")[0, 2] - trace.at(-40).body("a")[0, 2] == pytest.approx(0.0, abs=2e-4)


def test_the_arm_does_not_sag_under_its_own_weight(files: Any, toys: ModuleType) -> None:
    scene = toys.scene()
    sim = mujoco(files)
    start = sim.load([scene])
    end = sim.run(stay(scene, 40)).at(-1)
    assert np.linalg.norm(end.tcp[0, :3] - start.tcp[0, :3]) < 0.001


def test_a_model_is_kept_while_the_build_key_and_the_batch_repeat(files: Any, toys: ModuleType) -> None:
    sim = mujoco(files)
    sim.load([toys.scene(toys.placed("a", toys.block(), (0.5, 0, 0.02)))] * 2)
    before = sim._compiled
    sim.load([toys.scene(toys.placed("a", toys.block(), (0.4, 0.1, 0.02)))] * 2)
    assert sim._compiled is before
    sim.load([toys.scene()])
    assert sim._compiled is not before


def test_a_card_that_contradicts_its_model_is_named(files: Any, toys: ModuleType) -> None:
    bolted = toys.block().model_copy(update={"fixed": True})
    with pytest.raises(SimulationError, match=r"'block' is fixed=True.*freejoint=True"):
        mujoco(files).load([toys.scene(toys.placed("a", bolted, (0.5, 0, 0.02)))])


def test_a_camera_on_an_unknown_link_is_named(files: Any, toys: ModuleType) -> None:
    lost = toys.FRONT.model_copy(update={"mount": "elbow"})
    with pytest.raises(SimulationError, match=r"'front' rides on 'elbow'.*'hand'"):
        mujoco(files).load([toys.scene(cameras=(lost,))])


def test_a_gpu_is_refused_with_the_backend_that_has_one(files: Any) -> None:
    with pytest.raises(SimulationError, match="genesis"):
        mujoco(files, "gpu")


def test_running_before_loading_is_named(files: Any) -> None:
    with pytest.raises(SimulationError, match=r"load\(scenes\)"):
        mujoco(files).run(np.zeros((1, 1, 8), np.float32))


def test_without_opengl_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_driver(name: str) -> Any:
        raise ImportError(f"no library for {name}")

    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.setattr(importlib, "import_module", no_driver)
    with pytest.raises(RenderingError, match=r"egl.*osmesa.*apt-get install"):
        open_context(64, 64)
