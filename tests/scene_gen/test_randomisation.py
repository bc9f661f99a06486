"""Domain randomisation: drawn from a seed, kept as a record, and both give the same scene again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assets.catalog import LibraryCatalog
from assets.variants import Change, uniform, variant
from pipeline.core.errors import AssetError, InvalidInputError
from pipeline.core.registry import Registry
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from scene_gen.apply import apply, plain
from scene_gen.builder import TabletopBuilder
from scene_gen.variation import Variation

PRESETS: Registry = Registry("scene_gen.randomisation", "randomisation")
SUPPORTS: Registry = Registry("scene_gen.supports", "support")


def build(
    task: TaskSpec, folder: Path, *, preset: str, seed: int = 3, row: int = 0, support: str = "table"
) -> SceneSpec:
    catalog = LibraryCatalog()
    variation = Variation(PRESETS.get(preset), seed, catalog, folder)
    builder = TabletopBuilder(catalog, catalog.robot("panda"), variation=variation, support=support)
    return builder.build(task, stream(seed, "scene", row))


@pytest.fixture
def mug_on_plate(task) -> TaskSpec:
    return task("(on mug plate)", "mug", "plate")


@pytest.mark.parametrize("preset", ["mild", "strong"])
def test_the_same_seed_gives_the_same_scene_and_the_same_files(mug_on_plate, tmp_path: Path, preset: str) -> None:
    one = build(mug_on_plate, tmp_path / "a", preset=preset)
    two = build(mug_on_plate, tmp_path / "b", preset=preset)
    assert one == two
    assert one != build(mug_on_plate, tmp_path / "c", preset=preset, seed=4)


def test_a_scene_is_reproduced_from_its_record_alone(mug_on_plate, tmp_path: Path) -> None:
    scene = build(mug_on_plate, tmp_path / "a", preset="strong")
    catalog = LibraryCatalog()
    base = TabletopBuilder(catalog, catalog.robot("panda")).build(mug_on_plate, stream(0, "any"))
    record = json.loads(json.dumps(scene.draws))
    again = apply(plain(scene, base, catalog), record, catalog, root=tmp_path / "other")
    assert again == scene
    for placement in again.placements:
        assert catalog.folder(placement.asset).is_dir()


def test_scenes_of_a_batch_can_be_stepped_together_and_differ_in_poses(mug_on_plate, tmp_path: Path) -> None:
    rows = [build(mug_on_plate, tmp_path, preset="strong", row=row) for row in range(4)]
    assert len({s.build_key for s in rows}) == 1
    assert len({s.placement("mug").pose for s in rows}) == 4


def test_off_changes_nothing(mug_on_plate, tmp_path: Path) -> None:
    catalog = LibraryCatalog()
    off = build(mug_on_plate, tmp_path, preset="off")
    bare = TabletopBuilder(catalog, catalog.robot("panda")).build(mug_on_plate, stream(3, "scene", 0))
    assert [p.asset for p in off.placements] == [p.asset for p in bare.placements]
    assert (off.cameras, off.lights, off.robot) == (bare.cameras, bare.lights, bare.robot)


def test_every_kind_of_draw_of_the_strong_preset_arrives_in_the_scene(mug_on_plate, tmp_path: Path) -> None:
    catalog = LibraryCatalog()
    bare = TabletopBuilder(catalog, catalog.robot("panda")).build(mug_on_plate, stream(0, "any"))
    scenes = [build(mug_on_plate, tmp_path, preset="strong", seed=seed) for seed in range(6)]
    mugs = [s.placement("mug").asset for s in scenes]
    library = catalog.asset("mug")
    assert len({m.links[""].bounds.half for m in mugs}) > 1
    assert len({m.mass for m in mugs}) > 1
    assert len({m.friction for m in mugs}) > 1
    assert all(m.sha256 != library.sha256 for m in mugs)
    assert len({s.robot.arm[0].kp for s in scenes}) > 1
    assert len({s.cameras[0].pose for s in scenes}) > 1
    assert len({s.cameras[0].fovy for s in scenes}) > 1
    assert len({s.lights[0].intensity for s in scenes}) > 1
    assert len({s.floor_height for s in scenes}) > 1
    assert len({len(s.placements) for s in scenes}) > 1, "distractors"
    assert all(len(s.placements) >= len(bare.placements) + 1 for s in scenes)
    assert len({str(s.draws["instruction"]) for s in scenes}) > 1


def test_the_wording_is_one_of_the_paraphrases_where_the_task_has_any(mug_on_plate, tmp_path: Path) -> None:
    ways = ("Mug, plate, now.", "Bring the mug to the plate.")
    task = mug_on_plate.model_copy(update={"paraphrases": ways})
    told = {str(build(task, tmp_path, preset="strong", row=row).draws["instruction"]) for row in range(12)}
    assert told <= {task.instruction, *ways}
    assert told >= set(ways)


def test_distractors_are_nothing_that_the_instruction_could_mean(mug_on_plate, tmp_path: Path) -> None:
    for seed in range(6):
        scene = build(mug_on_plate, tmp_path, preset="strong", seed=seed)
        nouns = {p.asset.noun.split()[-1] for p in scene.placements if p.name.startswith("distractor")}
        assert not nouns & {"mug", "plate"}


def test_a_variant_is_scaled_in_every_respect(tmp_path: Path) -> None:
    catalog = LibraryCatalog()
    mug = catalog.asset("mug")
    large = variant(mug, Change(scale=uniform(1.1), mass=2.0), catalog, root=tmp_path)
    assert large.links[""].bounds.half == pytest.approx(np.multiply(mug.links[""].bounds.half, 1.1), abs=1e-6)
    assert large.mass == pytest.approx(mug.mass * 2.0 * 1.1**3, rel=1e-6)
    assert large.links[""].grasps[0].width == pytest.approx(mug.links[""].grasps[0].width * 1.1)
    assert catalog.asset("mug") == mug, "the library's own stays"
    assert large.licence.author == mug.licence.author


def test_a_moving_thing_is_not_stretched(tmp_path: Path) -> None:
    catalog = LibraryCatalog()
    with pytest.raises(AssetError, match="same scale along all sides"):
        variant(catalog.asset("mug"), Change(scale=(1.0, 1.0, 1.2)), catalog, root=tmp_path)


def test_a_record_that_is_none_is_refused(mug_on_plate, tmp_path: Path) -> None:
    scene = build(mug_on_plate, tmp_path, preset="off")
    with pytest.raises(InvalidInputError, match="no record of a scene's draws"):
        apply(scene, {"preset": "strong"}, LibraryCatalog())


@pytest.mark.physics
@pytest.mark.parametrize("support", SUPPORTS.names)
def test_randomised_scenes_settle_on_every_support(mug_on_plate, tmp_path: Path, support: str) -> None:
    catalog = LibraryCatalog()
    variation = Variation(PRESETS.get("strong"), 5, catalog, tmp_path)
    builder = TabletopBuilder(catalog, catalog.robot("panda"), variation=variation, support=support)
    scenes = [builder.build(mug_on_plate, stream(5, "scene", row)) for row in range(4)]
    simulator = Registry("pipeline.sim", "simulator").get("mujoco")(catalog)
    start = simulator.load([s.physics_only() for s in scenes])
    hold = np.repeat(np.array([s.robot_start for s in scenes], np.float32)[None], 30, axis=0)
    after = simulator.run(hold).at(-1)
    simulator.close()
    free = [p.name for p in scenes[0].placements if not p.asset.fixed]
    moved = np.stack([np.linalg.norm(after.body(n)[:, :3] - start.body(n)[:, :3], axis=1) for n in free])
    assert len(free) >= 3
    assert (moved < 0.02).mean() >= 0.9, dict(zip(free, moved.max(axis=1).round(3).tolist(), strict=True))
