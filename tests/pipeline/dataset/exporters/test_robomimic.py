"""robomimic's HDF5 against the dataset: bit for bit, actions in [-1, 1], masks for the splits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.errors import InvalidInputError
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.exporting import ExportRequest, export_dataset
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part
from pipeline.dataset.reader import DatasetReader

h5py = pytest.importorskip("h5py")


def names(values: np.ndarray) -> list[str]:
    return [name.decode() for name in values]


def test_every_demonstration_is_there_bit_for_bit(reader: DatasetReader, tmp_path: Path) -> None:
    export_dataset(reader, tmp_path / "out.hdf5", format="robomimic")
    with h5py.File(tmp_path / "out.hdf5") as file:
        assert list(file["data"]) == [f"demo_{k}" for k in range(5)]
        assert file["data"].attrs["total"] == reader.ends[-1]
        assert json.loads(file["data"].attrs["env_args"]).keys() >= {"env_name", "type", "env_kwargs"}
        for k, episode in enumerate(reader):
            demo, arrays = file[f"data/demo_{k}"], episode.arrays
            assert demo.attrs["num_samples"] == episode.length
            assert json.loads(demo.attrs["ep_meta"]) == {"lang": episode.instruction}
            np.testing.assert_array_equal(demo["obs/front_image"][:], arrays["rgb_front"])
            np.testing.assert_array_equal(demo["obs/robot0_eef_pos"][:], arrays["ee_pose"][:, :3])
            np.testing.assert_array_equal(demo["obs/robot0_eef_quat"][:], arrays["ee_pose"][:, [4, 5, 6, 3]])
            np.testing.assert_array_equal(demo["obs/robot0_joint_pos"][:], arrays["qpos"])
            np.testing.assert_array_equal(demo["action_dict/joint_pos"][:], episode.actions)
            np.testing.assert_array_equal(demo["rewards"][:], arrays["reward"])
            np.testing.assert_array_equal(demo["stage"][:], arrays["stage"])
            assert demo["dones"][:].tolist() == arrays["is_last"].astype(int).tolist()
            assert all(len(array) == episode.length for array in demo["obs"].values())


def test_scaled_actions_fill_their_range_and_can_be_scaled_back(reader: DatasetReader, tmp_path: Path) -> None:
    export_dataset(reader, tmp_path / "out.hdf5", format="robomimic")
    with h5py.File(tmp_path / "out.hdf5") as file:
        scaled = np.concatenate([file[f"data/demo_{k}/actions"][:] for k in range(5)])
        plain = np.concatenate([file[f"data/demo_{k}/action_dict/joint_pos"][:] for k in range(5)])
        told = json.loads(file["data"].attrs["action_scaling"])
    assert (scaled.min(axis=0) == -1).all()
    assert (scaled.max(axis=0) == 1).all()
    low, high = np.array(told["low"]), np.array(told["high"])
    np.testing.assert_allclose(low + (scaled + 1) / 2 * (high - low), plain, atol=1e-6)


def test_plain_actions_on_request(reader: DatasetReader, tmp_path: Path) -> None:
    export_dataset(reader, tmp_path / "out.hdf5", format="robomimic", options={"scale": "false"})
    with h5py.File(tmp_path / "out.hdf5") as file:
        np.testing.assert_array_equal(file["data/demo_0/actions"][:], reader.episode(0).actions)
        assert json.loads(file["data"].attrs["action_scaling"]) is None


def test_masks_are_the_splits_and_the_tasks(reader: DatasetReader, tmp_path: Path) -> None:
    report = export_dataset(reader, tmp_path / "out.hdf5", format="robomimic")
    with h5py.File(tmp_path / "out.hdf5") as file:
        masks = {name: names(array[:]) for name, array in file["mask"].items()}
    for split, mask in {"train": "train", "val": "valid"}.items():
        assert masks[mask] == [f"demo_{e.index}" for e in reader if e.split == split]
        assert len(masks[mask]) == report.splits[split] > 0
    assert masks["clear_up"] == ["demo_2"]
    assert len(masks["all"]) == 5


def test_objects_come_along_where_all_episodes_have_as_many(reader: DatasetReader, tmp_path: Path) -> None:
    export_dataset(reader, tmp_path / "mixed", format="robomimic")
    alike = ExportRequest(tasks=("cup_on_plate",))
    export_dataset(reader, tmp_path / "alike", format="robomimic", request=alike)
    with h5py.File(tmp_path / "mixed") as mixed, h5py.File(tmp_path / "alike") as file:
        assert "object" not in mixed["data/demo_0/obs"]
        assert list(file["data"]) == [f"demo_{k}" for k in range(4)]
        wanted = reader.episode(3).arrays["object_pose"].reshape(9, 14)
        np.testing.assert_array_equal(file["data/demo_2/obs/object"][:], wanted)


def test_a_missing_object_is_refused_or_filled(reader: DatasetReader, tmp_path: Path) -> None:
    keys = {"object": "object_pose"}
    with pytest.raises(InvalidInputError, match="what fills the gap"):
        export_dataset(reader, tmp_path / "out", format="robomimic", request=ExportRequest(keys=keys))
    export_dataset(reader, tmp_path / "out", format="robomimic", request=ExportRequest(keys=keys, fill=0))
    with h5py.File(tmp_path / "out") as file:
        assert file["data/demo_0/obs/object"].shape == (21, 21)
        assert (file["data/demo_0/obs/object"][:, 14:] == 0).all()
        assert (file["data/demo_2/obs/object"][:, 14:] != 0).any()


def test_next_observations_are_those_after_the_action(reader: DatasetReader, tmp_path: Path) -> None:
    options = {"next_obs": True, "compression": "none"}
    export_dataset(reader, tmp_path / "out", format="robomimic", request=ExportRequest(hz=10), options=options)
    with h5py.File(tmp_path / "out") as file:
        now, after = (file[f"data/demo_1/{k}/robot0_joint_pos"][:] for k in ("obs", "next_obs"))
    np.testing.assert_array_equal(after[:-1], now[1:])
    np.testing.assert_array_equal(after[-1], now[-1])
    assert len(now) == 6


def test_depth_is_an_image_of_one_channel(builder, motions, tmp_path: Path) -> None:
    write_part(tmp_path / "part", [motions.episode(builder, 1, steps=4, depth=True)], store=builder.ToyStore())
    pack([tmp_path / "part"], tmp_path / "dataset.zarr", meta=DatasetMeta(name="deep"))
    deep = DatasetReader(tmp_path / "dataset.zarr")
    request = ExportRequest(keys={"front_depth": "depth_front", "camera": "cam_T_front"})
    export_dataset(deep, tmp_path / "out", format="robomimic", request=request)
    with h5py.File(tmp_path / "out") as file:
        depth = file["data/demo_0/obs/front_depth"]
        np.testing.assert_array_equal(depth[..., 0], deep.episode(0).arrays["depth_front"])
        assert depth.chunks == (1, 48, 64, 1)
        assert file["data/demo_0/obs/camera"].shape == (4, 16)
