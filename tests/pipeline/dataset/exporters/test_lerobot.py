"""LeRobot v3.0 against the dataset: tables bit for bit, frames at exact times within the codec's error, statistics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.core.errors import InvalidInputError
from pipeline.dataset.exporting import ExportRequest, export_dataset
from pipeline.dataset.reader import DatasetReader

av = pytest.importorskip("av")
pd = pytest.importorskip("pandas")
pq = pytest.importorskip("pyarrow.parquet")

TYPICAL_ERROR = 4.0  # of 255, mean over a frame: chroma at half the resolution and crf 18


def table(folder: Path) -> dict[str, list[Any]]:
    """All rows of the numbered parquet files under a folder."""
    files = sorted(folder.rglob("*.parquet"))
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    return {name: [row[name] for row in rows] for name in rows[0]}


def frames(file: Path) -> list[tuple[float, np.ndarray]]:
    """Time and picture of every frame of a video."""
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        return [(float(f.pts * stream.time_base), f.to_ndarray(format="rgb24")) for f in container.decode(stream)]


@pytest.fixture(scope="module")
def exported(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("lerobot") / "out"
    export_dataset(DatasetReader(dataset), out, format="lerobot")
    return out


@pytest.fixture
def order(reader: DatasetReader) -> list[int]:
    """The train split first, since a split is a range of episodes there."""
    return [e.index for e in reader if e.split == "train"] + [e.index for e in reader if e.split == "val"]


def test_frames_are_the_dataset_bit_for_bit(exported: Path, reader: DatasetReader, order: list[int]) -> None:
    got = table(exported / "data")
    episodes = [reader.episode(k) for k in order]
    for name, source in {"observation.state": "state", "action": "action"}.items():
        wanted = np.concatenate([e.arrays[source] for e in episodes])
        np.testing.assert_array_equal(np.array(got[name], np.float32), wanted)
    lengths = [e.length for e in episodes]
    assert got["index"] == list(range(sum(lengths)))
    assert got["frame_index"] == [t for n in lengths for t in range(n)]
    assert got["episode_index"] == [k for k, n in enumerate(lengths) for _ in range(n)]
    np.testing.assert_array_equal(np.float32(got["timestamp"]), np.float32(np.array(got["frame_index"]) / 20))
    assert got["next.done"] == [t == n - 1 for n in lengths for t in range(n)]
    assert got["stage"] == np.concatenate([e.arrays["stage"] for e in episodes]).tolist()
    schema = pq.read_schema(next((exported / "data").rglob("*.parquet")))
    assert str(schema.field("action").type) == "fixed_size_list<element: float>[4]"
    assert pq.ParquetFile(next((exported / "data").rglob("*.parquet"))).num_row_groups == 5


def test_episodes_tell_where_their_rows_and_frames_are(exported: Path, reader: DatasetReader, order: list[int]) -> None:
    got = table(exported / "meta" / "episodes")
    lengths = [reader.episode(k).length for k in order]
    ends = np.cumsum(lengths).tolist()
    assert got["length"] == lengths
    assert got["dataset_to_index"] == ends
    assert got["dataset_from_index"] == [0, *ends[:-1]]
    assert got["tasks"] == [[reader.episode(k).instruction] for k in order]
    assert got["episode_id"] == [reader.episode(k).id for k in order]
    np.testing.assert_allclose(got["videos/observation.images.front/to_timestamp"], np.array(ends) / 20)


def test_video_frames_are_at_exact_times_and_near_the_pictures(
    exported: Path, reader: DatasetReader, order: list[int]
) -> None:
    for camera in ("front", "wrist"):
        film = frames(exported / "videos" / f"observation.images.{camera}" / "chunk-000" / "file-000.mp4")
        wanted = np.concatenate([reader.episode(k).arrays[f"rgb_{camera}"] for k in order])
        assert [time for time, _ in film] == [k / 20 for k in range(len(wanted))]
        error = np.abs(np.stack([image for _, image in film]).astype(int) - wanted).mean(axis=(1, 2, 3))
        assert error.max() < TYPICAL_ERROR
        # Half a step off would be noticed: a neighbouring picture is further away than its own.
        own = np.abs(film[10][1].astype(int) - wanted[10]).mean()
        assert own < np.abs(film[10][1].astype(int) - wanted[12]).mean()


def test_the_description_is_complete(exported: Path, reader: DatasetReader) -> None:
    info = json.loads((exported / "meta" / "info.json").read_text())
    assert info["codebase_version"] == "v3.0"
    assert (info["fps"], info["total_episodes"], info["total_frames"]) == (20, 5, 89)
    train = sum(e.split == "train" for e in reader)
    assert info["splits"] == {"train": f"0:{train}", "val": f"{train}:5"}
    assert info["features"]["action"]["names"] == ["j0", "j1", "j2", "gripper_width"]
    image = info["features"]["observation.images.front"]
    assert (image["dtype"], image["shape"]) == ("video", [48, 64, 3])
    assert info["data_path"].format(chunk_index=0, file_index=0) == "data/chunk-000/file-000.parquet"
    tasks = pd.read_parquet(exported / "meta" / "tasks.parquet")
    assert list(tasks.index) == ["put the cup on the plate"]
    assert tasks.index.name == "task"
    assert list(tasks["task_index"]) == [0]


def test_statistics_are_those_of_the_train_split(exported: Path, reader: DatasetReader) -> None:
    stats = json.loads((exported / "meta" / "stats.json").read_text())
    train = [e for e in reader if e.split == "train"]
    assert len(train) < 5
    actions = np.concatenate([e.actions for e in train]).astype(np.float64)
    np.testing.assert_allclose(stats["action"]["mean"], actions.mean(axis=0))
    np.testing.assert_allclose(stats["action"]["std"], actions.std(axis=0))
    np.testing.assert_allclose(stats["action"]["q99"], np.quantile(actions, 0.99, axis=0))
    assert stats["action"]["count"] == [len(actions)]
    images = np.concatenate([e.arrays["rgb_front"] for e in train]).reshape(-1, 3) / 255
    np.testing.assert_allclose(np.ravel(stats["observation.images.front"]["std"]), images.std(axis=0))
    assert set(stats["stage"]) == {"min", "max", "mean", "std", "count", "q01", "q10", "q50", "q90", "q99"}


def test_stages_become_annotations_that_cover_every_frame(exported: Path) -> None:
    got = table(exported / "meta" / "episodes")
    for k, length in enumerate(got["length"]):
        first, last = got["dense_subtask_start_frames"][k], got["dense_subtask_end_frames"][k]
        assert got["dense_subtask_names"][k] == ["pick", "place"]
        assert first[0] == 0
        assert last[-1] == length - 1
        assert first[1] == last[0] + 1
        assert got["sparse_subtask_end_frames"][k] == [length - 1]
        np.testing.assert_allclose(got["dense_subtask_end_times"][k][-1], length / 20)
    shares = json.loads((exported / "meta" / "temporal_proportions_dense.json").read_text())
    assert list(shares) == ["pick", "place"]
    assert abs(sum(shares.values()) - 1) < 1e-9
    wanted = np.mean([g[1] / n for g, n in zip(got["dense_subtask_start_frames"], got["length"], strict=True)])
    assert abs(shares["pick"] - wanted) < 1e-9


def test_a_lower_rate_keeps_times_and_frames_together(reader: DatasetReader, tmp_path: Path, order: list[int]) -> None:
    export_dataset(reader, tmp_path / "out", format="lerobot", request=ExportRequest(hz=5, action="ee_delta"))
    got = table(tmp_path / "out" / "data")
    film = frames(tmp_path / "out" / "videos" / "observation.images.front" / "chunk-000" / "file-000.mp4")
    assert [time for time, _ in film] == [k / 5 for k in range(len(got["index"]))]
    wanted = np.concatenate([reader.episode(k).arrays["rgb_front"][::4] for k in order])
    error = np.abs(np.stack([image for _, image in film]).astype(int) - wanted).mean(axis=(1, 2, 3))
    assert error.max() < TYPICAL_ERROR
    np.testing.assert_array_equal(np.float32(got["timestamp"]), np.float32(np.array(got["frame_index"]) / 5))
    assert len(got["action"][0]) == 7


def test_full_files_are_followed_by_new_ones(reader: DatasetReader, tmp_path: Path, monkeypatch, order) -> None:
    from pipeline.dataset.exporters import _lerobot_tables, lerobot

    monkeypatch.setattr(lerobot, "MEGABYTE", 1)  # every episode fills a file
    monkeypatch.setattr(_lerobot_tables, "FILES_A_CHUNK", 2)
    monkeypatch.setattr(_lerobot_tables, "EPISODES_HELD", 2)
    export_dataset(reader, tmp_path / "out", format="lerobot")
    got = table(tmp_path / "out" / "meta" / "episodes")
    assert got["data/chunk_index"] == [0, 0, 1, 1, 2]
    assert got["data/file_index"] == [0, 1, 0, 1, 0]
    key = "videos/observation.images.front"
    assert got["meta/episodes/file_index"] == [0, 0, 1, 1, 0]
    for k, index in enumerate(order):
        place = f"chunk-{got['data/chunk_index'][k]:03d}/file-{got['data/file_index'][k]:03d}.parquet"
        rows = pq.read_table(tmp_path / "out" / "data" / place).to_pylist()
        assert [row["index"] for row in rows] == list(range(got["dataset_from_index"][k], got["dataset_to_index"][k]))
        place = f"chunk-{got[f'{key}/chunk_index'][k]:03d}/file-{got[f'{key}/file_index'][k]:03d}.mp4"
        film = frames(tmp_path / "out" / key / place)
        start = round(got[f"{key}/from_timestamp"][k] * 20)
        wanted = reader.episode(index).arrays["rgb_front"]
        shown = np.stack([image for _, image in film[start : start + len(wanted)]]).astype(int)
        assert np.abs(shown - wanted).mean() < TYPICAL_ERROR


def test_rates_that_are_not_whole_and_slashes_in_names_are_refused(reader: DatasetReader, tmp_path: Path) -> None:
    for request in (
        ExportRequest(hz=7.5),
        ExportRequest(keys={"a/b": "state"}),
        ExportRequest(keys={"index": "state"}),
    ):
        with pytest.raises(InvalidInputError):
            export_dataset(reader, tmp_path / "out", format="lerobot", request=request)
        assert not (tmp_path / "out").exists()


def test_the_files_are_the_same_when_made_again(exported: Path, reader: DatasetReader, tmp_path: Path) -> None:
    export_dataset(reader, tmp_path / "out", format="lerobot")
    for file in (file for file in exported.rglob("*") if file.is_file()):
        assert file.read_bytes() == (tmp_path / "out" / file.relative_to(exported)).read_bytes(), file.name
