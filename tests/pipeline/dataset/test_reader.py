"""What was written comes back exactly, and a dataset that cannot be trusted says so."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.errors import DatasetError, UnknownNameError
from pipeline.core.poses import to_matrix
from pipeline.dataset import open_dataset
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.states import trace_sha256


@pytest.fixture
def copy(packed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(packed, tmp_path / "copy.zarr"))


def test_scenes_and_tasks_come_back_equal_to_what_was_written(packed: Path, episodes: list) -> None:
    reader = DatasetReader(packed)
    assert len(reader) == 4
    for stored, written in zip(reader, episodes, strict=True):
        assert stored.scene == written.scene
        assert stored.scene.build_key == written.scene.build_key
        assert stored.task == written.task
        assert stored.stage_names == written.stage_names
        assert stored.provenance == written.provenance
        assert (stored.solver, stored.attempt, stored.seed) == ("toy", written.attempt, written.scene.seed)


def test_arrays_come_back_bit_for_bit_and_unpadded(packed: Path, episodes: list) -> None:
    for stored, written in zip(DatasetReader(packed), episodes, strict=True):
        arrays, states = stored.arrays, written.states
        expected = {
            "action": written.actions,
            "action_joint_pos": written.actions,
            "action_ee_delta": written.ee_delta,
            "action_ee_pose": written.ee_target,
            "state": states.qpos,
            "qpos": states.qpos[:, :-1],
            "qvel": states.qvel,
            "ee_pose": states.tcp,
            "gripper": states.qpos[:, -1:],
            "object_pose": states.pose[:, 4:],
            "object_joint": states.joint,
            "progress": written.progress,
            "success": written.success,
            "stage": written.stage,
            "rgb_front": written.rgb["front"],
            "rgb_wrist": written.rgb["wrist"],
            "cam_T_wrist": to_matrix(written.camera_pose["wrist"]).astype(np.float32),
            "timestamp": np.arange(written.length) / 20.0,
        }
        for name, array in expected.items():
            assert arrays[name].dtype == array.dtype, name
            np.testing.assert_array_equal(arrays[name], array, err_msg=name)
        stored_once = expected.keys() - {"action_joint_pos"}
        assert set(arrays) == {*stored_once, "is_first", "is_last", "is_terminal", "reward", "cam_T_front"}


def test_what_a_replay_is_compared_with_is_there(packed: Path, episodes: list) -> None:
    for stored, written in zip(DatasetReader(packed), episodes, strict=True):
        assert stored.checksum == trace_sha256(written.states, written.final)
        np.testing.assert_array_equal(stored.final_object_pose, written.final.pose[0, 4:])
        np.testing.assert_array_equal(stored.final_state, written.final.qpos[0])
        outcome = stored.outcome
        assert outcome.success
        np.testing.assert_array_equal(outcome.actions, written.actions)
        np.testing.assert_array_equal(outcome.stages, written.stage)


def test_one_changed_bit_changes_the_checksum(builder) -> None:
    one, same, other = builder.episode(1), builder.episode(1), builder.episode(1)
    bits = other.states.velocity.view(np.uint32)
    bits[2, 1, 0] ^= 1
    assert trace_sha256(one.states, one.final) == trace_sha256(same.states, same.final)
    assert trace_sha256(one.states, one.final) != trace_sha256(other.states, other.final)


def test_an_index_out_of_range_names_the_range(packed: Path) -> None:
    for wrong in (4, -1):
        with pytest.raises(DatasetError, match="0 to 3"):
            DatasetReader(packed).episode(wrong)


def test_an_unknown_array_names_those_there_are(packed: Path) -> None:
    arrays = DatasetReader(packed).episode(0).arrays
    assert "rgb_side" not in arrays
    with pytest.raises(UnknownNameError, match="rgb_front"):
        _ = arrays["rgb_side"]


def test_a_dataset_without_commit_marker_is_refused(copy: Path) -> None:
    shutil.rmtree(copy / "meta" / "episode_ends")
    with pytest.raises(DatasetError, match="never committed"):
        DatasetReader(copy)


def test_a_dataset_whose_array_is_missing_or_short_is_refused(copy: Path) -> None:
    shape_file = copy / "data" / "qvel" / "zarr.json"
    described = json.loads(shape_file.read_text())
    described["shape"][0] -= 1
    shape_file.write_text(json.dumps(described))
    with pytest.raises(DatasetError, match="data/qvel is 23 rows long, not 24"):
        DatasetReader(copy)
    shutil.rmtree(copy / "data" / "qvel")
    with pytest.raises(DatasetError, match="data/qvel is missing"):
        DatasetReader(copy)


def test_a_shard_cut_short_is_named_when_it_is_read(copy: Path) -> None:
    shard = copy / "data" / "action" / "c" / "0" / "0"
    shard.write_bytes(shard.read_bytes()[:20])
    with pytest.raises(DatasetError, match="data/action"):
        _ = DatasetReader(copy).episode(0).actions


@pytest.mark.parametrize(("version", "advice"), [(99, "Update the program"), (1, "Pack its parts again")])
def test_another_layout_version_is_refused_with_advice(copy: Path, version: int, advice: str) -> None:
    root = json.loads((copy / "zarr.json").read_text())
    root["attributes"]["schema_version"] = version
    (copy / "zarr.json").write_text(json.dumps(root))
    with pytest.raises(DatasetError, match=f"layout version {version}; .*{advice}"):
        open_dataset(copy)


def test_opening_a_dataset_imports_nothing_beyond_the_base() -> None:
    code = (
        "import sys, pipeline.dataset; assert 'zarr' not in sys.modules; import pipeline.dataset.reader\n"
        "heavy = {'torch', 'mujoco', 'genesis', 'prefect', 'scipy', 'PIL', 'tensorstore', 'h5py'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_place_without_dataset_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"nowhere\.zarr"):
        DatasetReader(tmp_path / "nowhere.zarr")


def test_a_url_reads_like_a_path(packed: Path, episodes: list) -> None:
    stored = DatasetReader(packed.as_uri()).episode(3)
    assert stored.scene == episodes[3].scene
    np.testing.assert_array_equal(stored.arrays["rgb_wrist"], episodes[3].rgb["wrist"])
