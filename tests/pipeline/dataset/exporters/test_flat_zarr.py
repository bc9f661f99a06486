"""diffusion_policy's flat zarr, of version 2 and in the form that both open, against the dataset bit for bit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import zarr

from pipeline.dataset.exporters import _flat_zarr
from pipeline.dataset.exporting import ExportRequest, export_dataset
from pipeline.dataset.reader import DatasetReader


def whole(reader: DatasetReader, name: str) -> np.ndarray:
    return np.concatenate([episode.arrays[name] for episode in reader])


@pytest.mark.parametrize("form", ["v2", "dual"])
def test_a_replay_buffer_holds_the_dataset(reader: DatasetReader, tmp_path: Path, form: str, monkeypatch) -> None:
    monkeypatch.setattr(_flat_zarr, "CHUNK_BYTES", 60_000)  # several chunks, some across episodes
    report = export_dataset(reader, tmp_path / "out.zarr", format="diffusion_policy", options={"form": form})
    root = zarr.open_group(tmp_path / "out.zarr", mode="r", zarr_format=2)
    assert root["meta/episode_ends"][:].tolist() == reader.ends.tolist()
    assert root["meta/episode_ends"].dtype == np.int64
    for name, array in root["data"].arrays():
        assert array.shape[0] == reader.ends[-1], f"the replay buffer asserts it of every array, also of {name}"
    for name, source in {"img": "rgb_front", "rgb_wrist": "rgb_wrist", "state": "state", "action": "action"}.items():
        got = root[f"data/{name}"]
        np.testing.assert_array_equal(got[:], whole(reader, source))
    assert root["data/img"].nchunks > 5
    assert root["data/stage"][:].tolist() == whole(reader, "stage").tolist()
    assert [root.attrs["instructions"][k] for k in root["meta/episode_instruction"][:]] == [
        episode.instruction for episode in reader
    ]
    assert report.steps == reader.ends[-1]
    assert report.bytes == sum(f.stat().st_size for f in (tmp_path / "out.zarr").rglob("*") if f.is_file())


def test_both_versions_read_the_same_chunks(reader: DatasetReader, tmp_path: Path) -> None:
    export_dataset(reader, tmp_path / "out.zarr", format="diffusion_policy", options={"form": "dual"})
    old = zarr.open_group(tmp_path / "out.zarr", mode="r", zarr_format=2)
    new = zarr.open_group(tmp_path / "out.zarr", mode="r", zarr_format=3)
    assert dict(old.attrs) == dict(new.attrs)
    for path in [f"{g}/{name}" for g in ("data", "meta") for name, _ in new[g].arrays()]:
        assert old[path].dtype == new[path].dtype
        assert old[path].chunks == new[path].chunks
        np.testing.assert_array_equal(old[path][...], new[path][...])
    chunks = [f for f in (tmp_path / "out.zarr" / "data" / "img").iterdir() if not f.name.startswith((".", "zarr"))]
    assert [f.name for f in chunks] == ["0.0.0.0"], "one set of files for both"


@pytest.mark.parametrize("action", ["joint_pos", "ee_delta", "ee_pose", "ee_pose_rotvec"])
def test_the_action_space_is_chosen(reader: DatasetReader, tmp_path: Path, action: str) -> None:
    export_dataset(reader, tmp_path / "z", format="diffusion_policy", request=ExportRequest(action=action, keys={}))
    got = zarr.open_group(tmp_path / "z", mode="r")["data/action"]
    assert got.shape[1] == {"joint_pos": 4, "ee_delta": 7, "ee_pose": 8, "ee_pose_rotvec": 7}[action]
    assert len(got.attrs["names"]) == got.shape[1]
    if action != "ee_pose_rotvec":
        np.testing.assert_array_equal(got[:], whole(reader, f"action_{action}"))


def test_a_lower_rate_shortens_every_episode(reader: DatasetReader, tmp_path: Path) -> None:
    export_dataset(reader, tmp_path / "z", format="diffusion_policy", request=ExportRequest(hz=10))
    root = zarr.open_group(tmp_path / "z", mode="r")
    assert np.diff(root["meta/episode_ends"][:], prepend=0).tolist() == [11, 6, 9, 5, 15]
    episode = reader.episode(2)
    rows = slice(17, 26)
    np.testing.assert_array_equal(root["data/img"][rows], episode.arrays["rgb_front"][::2])
    np.testing.assert_array_equal(root["data/action"][rows], episode.actions[[1, 3, 5, 7, 9, 11, 13, 15, 16]])
    assert root.attrs["control_hz"] == 10


def test_the_files_are_the_same_when_made_again(reader: DatasetReader, tmp_path: Path) -> None:
    contents = []
    for name in "ab":
        export_dataset(reader, tmp_path / name, format="diffusion_policy", options={"form": "dual"})
        contents.append({f.relative_to(tmp_path / name): f.read_bytes() for f in (tmp_path / name).rglob("*.*")})
    assert contents[0] == contents[1]


def test_the_metadata_of_version_2_says_what_zarr_itself_would_write(reader: DatasetReader, tmp_path: Path) -> None:
    for form in ("v2", "dual"):
        export_dataset(reader, tmp_path / form, format="diffusion_policy", options={"form": form})
    for name in ("data/img", "data/action", "data/stage", "meta/episode_success", "meta/episode_ends"):
        ours, theirs = (json.loads((tmp_path / form / name / ".zarray").read_text()) for form in ("dual", "v2"))
        assert ours.pop("dimension_separator") == "."
        theirs.pop("dimension_separator", None)
        assert ours == theirs
