"""A dataset grows by whole commits, and ends the same however it was cut up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zarr

from pipeline.core.errors import DatasetError, DatasetLockedError
from pipeline.dataset import layout, open_dataset
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.lock import writer_lock
from pipeline.dataset.pack import Packer, pack
from pipeline.dataset.part import write_part
from pipeline.dataset.splits import split_of
from pipeline.dataset.verify import verify

META = DatasetMeta(name="toys", val_fraction=0.5)
CHANNELS = ("rgb", "depth", "seg")
LOCK = """
from pipeline.dataset.lock import writer_lock
with writer_lock(Path({out!r})):
    print("locked", flush=True)
    {then}
"""


def contents(place: Path) -> dict[str, bytes]:
    """Every file of a store by its path."""
    return {str(p.relative_to(place)): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def parts(builder, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Seven episodes of three tasks in five parts, filmed in all channels."""
    folder = tmp_path_factory.mktemp("parts")
    names = ["cup_on_plate", "cup_on_plate", "open_drawer", "cup_on_plate", "stack", "open_drawer", "stack"]
    made = [
        builder.episode(k, steps=5 + 2 * k, task_name=name, drawers=k % 3, channels=CHANNELS)
        for k, name in enumerate(names)
    ]
    for name, batch in {"a": made[:2], "b": made[2:3], "c": [], "d": made[3:6], "e": made[6:]}.items():
        write_part(folder / name, batch, store=builder.ToyStore())
    return [folder / name for name in "abcde"]


@pytest.fixture(scope="module")
def at_once(parts: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("at_once") / "dataset.zarr"
    pack(parts, out, meta=META)
    return out


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that every commit begins inside one and ends inside another."""
    monkeypatch.setattr(layout, "IMAGE_SHARD_ROWS", 16)
    monkeypatch.setattr(layout, "TABLE_CHUNK_ROWS", 4)
    monkeypatch.setattr(layout, "TABLE_SHARD_ROWS", 12)
    monkeypatch.setattr(layout, "TEXT_CHUNK_ROWS", 2)
    monkeypatch.setattr(layout, "TEXT_SHARD_ROWS", 4)
    monkeypatch.setattr(layout, "BYTES_CHUNK", 64)
    monkeypatch.setattr(layout, "BYTES_SHARD", 256)


@pytest.mark.parametrize("commit_rows", [1, 20])
def test_many_commits_leave_the_bytes_of_one(parts: list[Path], tmp_path: Path, commit_rows: int, small_shards) -> None:
    pack(parts, tmp_path / "one.zarr", meta=META)
    pack(parts, tmp_path / "many.zarr", meta=META, commit_rows=commit_rows)
    for k in range(1, len(parts) + 1):
        pack(parts[:k], tmp_path / "grown.zarr", meta=META)
        assert verify(tmp_path / "grown.zarr") == []
    assert contents(tmp_path / "many.zarr") == contents(tmp_path / "one.zarr")
    assert contents(tmp_path / "grown.zarr") == contents(tmp_path / "one.zarr")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["grown.zarr", "many.zarr", "one.zarr"]


def test_packing_again_changes_nothing(parts: list[Path], at_once: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in at_once.rglob("*")}
    pack(parts, at_once, meta=META)
    assert {p: p.stat().st_mtime_ns for p in at_once.rglob("*")} == before


def test_episodes_already_there_are_left_out_of_a_part(parts: list[Path], builder, tmp_path: Path) -> None:
    again = [builder.episode(0, steps=5, channels=CHANNELS), builder.episode(90, channels=CHANNELS)]
    write_part(tmp_path / "again", again, store=builder.ToyStore())
    pack(parts[:1], tmp_path / "out.zarr", meta=META)
    pack([tmp_path / "again"], tmp_path / "out.zarr", meta=META)
    assert [e.seed for e in open_dataset(tmp_path / "out.zarr")] == [0, 1, 90]
    assert verify(tmp_path / "out.zarr") == []


def test_a_reader_of_before_a_commit_keeps_seeing_what_it_saw(parts: list[Path], tmp_path: Path) -> None:
    pack(parts[:1], tmp_path / "out.zarr", meta=META)
    old = open_dataset(tmp_path / "out.zarr")
    seen = {k: v.copy() for k, v in old.episode(1).arrays.items()}
    pack(parts, tmp_path / "out.zarr", meta=META)
    assert len(old) == 2
    for name, array in old.episode(1).arrays.items():
        np.testing.assert_array_equal(array, seen[name], err_msg=name)
    assert len(open_dataset(tmp_path / "out.zarr")) == 7


def test_depth_and_segmentation_come_back_bit_for_bit(at_once: Path, builder) -> None:
    written = builder.episode(2, steps=9, task_name="open_drawer", drawers=2, channels=CHANNELS)
    stored = open_dataset(at_once).episode(2)
    np.testing.assert_array_equal(stored.arrays["depth_wrist"], written.depth["wrist"])
    np.testing.assert_array_equal(stored.arrays["seg_front"], written.seg["front"])
    assert stored.record.seg_names == written.seg_names
    described = zarr.open_array(at_once / "data" / "depth_wrist").metadata.to_dict()
    inner = described["codecs"][0]["configuration"]["codecs"]
    assert [codec["name"] for codec in inner] == ["bytes", "blosc", "crc32c"]
    assert (inner[1]["configuration"]["shuffle"], inner[1]["configuration"]["typesize"]) == ("shuffle", 2)


def test_statistics_of_depth_leave_out_what_was_not_hit(at_once: Path) -> None:
    reader = open_dataset(at_once)
    train = [e for e in reader if e.split == "train"]
    values = np.concatenate([e.arrays["depth_front"].ravel() for e in train]).astype(np.float64)
    values, stats = values[values > 0], reader.attrs["stats"]["depth_front"]
    np.testing.assert_allclose([stats["mean"], stats["std"]], [values.mean(), values.std()])
    assert (stats["min"], stats["max"], stats["count"]) == (values.min(), values.max(), len(values))
    assert abs(stats["q50"] - np.quantile(values, 0.5)) <= 16


def test_the_attributes_say_what_nobody_should_guess(at_once: Path) -> None:
    attrs = open_dataset(at_once).attrs
    assert [(t["name"], t["episodes"]) for t in attrs["tasks"]] == [
        ("cup_on_plate", 3),
        ("open_drawer", 2),
        ("stack", 2),
    ]
    assert (attrs["episodes"], attrs["stats_episodes"], attrs["control_hz"]) == (7, 7, 20.0)
    assert attrs["conventions"]["quaternion"] == "w x y z"
    assert attrs["engines"] == ["kinematic"]
    assert attrs["versions"] == {"taskloom": ["0.1.0"]}
    assert {a["name"] for a in attrs["assets"]} == {"cup", "plate", "cabinet1", "cabinet2"}
    assert attrs["cameras"]["front"]["varies"] == []
    assert attrs["sim"]["substeps"] == 5


def test_what_differs_between_episodes_is_null_and_said_to_vary(builder, tmp_path: Path) -> None:
    moved = builder.episode(2)
    front, *others = moved.scene.cameras
    cameras = (front.model_copy(update={"fovy": 50.0}), *others)
    object.__setattr__(moved, "scene", moved.scene.model_copy(update={"cameras": cameras}))
    for name, episode in (("a", builder.episode(1)), ("b", moved), ("c", builder.episode(3))):
        write_part(tmp_path / name, [episode], store=builder.ToyStore())
    pack([tmp_path / n for n in "abc"], tmp_path / "out.zarr", meta=META, commit_rows=1)
    camera = open_dataset(tmp_path / "out.zarr").attrs["cameras"]["front"]
    assert (camera["varies"], camera["K"], camera["height"]) == (["K"], None, 4)


def test_a_part_that_needs_more_slots_than_declared_is_refused(builder, tmp_path: Path) -> None:
    write_part(tmp_path / "a", [builder.episode(1)], store=builder.ToyStore())
    write_part(tmp_path / "b", [builder.episode(2, drawers=1)], store=builder.ToyStore())
    meta = META.model_copy(update={"object_slots": 2})
    pack([tmp_path / "a"], tmp_path / "out.zarr", meta=meta)
    with pytest.raises(DatasetError, match="needs 4 columns, the dataset was created with 2"):
        pack([tmp_path / "b"], tmp_path / "out.zarr", meta=meta)
    assert open_dataset(tmp_path / "out.zarr").root["data/object_pose"].shape == (5, 2, 7)


def test_another_name_or_share_of_validation_is_refused(parts: list[Path], at_once: Path) -> None:
    for other in (DatasetMeta(name="other", val_fraction=0.5), DatasetMeta(name="toys", val_fraction=0.1)):
        with pytest.raises(DatasetError, match="The dataset has"):
            pack(parts, at_once, meta=other)


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.25, 0.29, 0.5, 0.9])
def test_the_share_held_out_is_rounded_down_at_every_length(fraction: float) -> None:
    held = np.cumsum([split_of(k, val_fraction=fraction) for k in range(200)])
    assert held.tolist() == [int(round((k + 1) * fraction, 9)) for k in range(200)]


def test_a_second_packer_is_refused_by_name_and_a_dead_one_blocks_nobody(
    parts: list[Path], tmp_path: Path, child: Callable
) -> None:
    out = tmp_path / "out.zarr"
    with Packer(out, META) as first:
        with pytest.raises(DatasetLockedError, match=r"is being written by process \d+ on "):
            pack(parts, out, meta=META)
        first.add(parts[:1])
    killed = child(LOCK.format(out=str(out), then="os.kill(os.getpid(), signal.SIGKILL)"))
    assert (killed.stdout, killed.returncode) == ("locked\n", -9)
    assert (tmp_path / "out.zarr.lock").exists()
    pack(parts, out, meta=META)
    assert len(open_dataset(out)) == 7
    assert not (tmp_path / "out.zarr.lock").exists()


def test_the_lock_is_one_datasets(tmp_path: Path) -> None:
    with writer_lock(tmp_path / "a.zarr"), writer_lock(tmp_path / "b.zarr"):
        assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zarr.lock", "b.zarr.lock"]
