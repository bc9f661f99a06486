"""SceneSpec: which scenes can be stepped together, and how one is moved without touching the other."""

import pytest

from pipeline.core.scene import Light, Physics


@pytest.fixture
def scene(toys):
    return toys.scene(
        toys.placed("a", toys.block(), (0.5, 0, 0.02)), toys.placed("drawer", toys.cabinet(), (0.8, 0, 0.1))
    )


def test_poses_joints_the_start_and_the_seed_do_not_split_a_batch(scene):
    moved = scene.with_placements({"a": (0.4, 0.1, 0.02, 1, 0, 0, 0)}, {"drawer": {"slide": 0.1}})
    start = (*(q + 0.01 for q in scene.robot_start[:-1]), 0.05)
    assert moved.model_copy(update={"seed": 9, "robot_start": start}).build_key == scene.build_key


def test_everything_else_does(scene, toys):
    others = [
        toys.scene(toys.placed("a", toys.brick(), (0.5, 0, 0.02)), scene.placements[-1]),
        toys.scene(toys.placed("b", toys.block(), (0.5, 0, 0.02)), scene.placements[-1]),
        toys.scene(*reversed(scene.placements[1:])),
        scene.model_copy(update={"cameras": scene.cameras[:1]}),
        scene.model_copy(update={"lights": (Light(intensity=2),)}),
        scene.model_copy(update={"physics": Physics(substeps=10)}),
        scene.model_copy(update={"robot": scene.robot.model_copy(update={"home": scene.robot.home[::-1]})}),
        scene.model_copy(update={"robot_pose": (0.1, 0, 0, 1, 0, 0, 0)}),
    ]
    keys = {other.build_key for other in others}
    assert len(keys) == len(others)
    assert scene.build_key not in keys


def test_a_change_of_an_assets_files_is_another_build(scene):
    changed = scene.placement("a").asset.model_copy(update={"files": {"model.xml": "0" * 64}})
    placements = tuple(p.model_copy(update={"asset": changed}) if p.name == "a" else p for p in scene.placements)
    assert scene.model_copy(update={"placements": placements}).build_key != scene.build_key


def test_moving_a_placement_leaves_the_others_and_the_original_alone(scene):
    there = (0.3, 0.2, 0.02, 1, 0, 0, 0)
    moved = scene.with_placements({"a": there}, {"drawer": {"slide": 0.1}})
    assert moved.placement("a").pose == there
    assert moved.placement("drawer").pose == scene.placement("drawer").pose
    assert moved.placement("drawer").joints == {"slide": 0.1}
    assert scene.placement("a").pose[:3] == (0.5, 0, 0.02)
    assert moved.placement("a").joints == scene.placement("a").joints


def test_a_scene_is_the_same_after_a_trip_through_a_file(scene):
    assert type(scene).model_validate_json(scene.model_dump_json()) == scene


def test_the_physics_step_divides_the_control_step():
    assert Physics(control_hz=20, substeps=5).dt == pytest.approx(0.01)
