"""Packing is deterministic, streams by whole shards, and replaces a dataset in one step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.core.errors import DatasetError, OutputError
from pipeline.dataset import layout
from pipeline.dataset.append import append_rows
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.verify import verify


def contents(place: Path) -> dict[str, bytes]:
    """Every file of a store by its path."""
    return {str(p.relative_to(place)): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}


def test_plain_zarr_reads_a_dataset_that_keeps_the_replay_buffer_contract(packed: Path) -> None:
    root = zarr.open(packed, mode="r")
    ends = root["meta"]["episode_ends"][:]
    assert ends.dtype == np.int64
    assert ends.tolist() == [5, 14, 18, 24]
    assert all(array.shape[0] == 24 for _, array in root["data"].arrays())
    assert not list(root["data"].groups())
    assert not list(root["meta"].groups())
    assert root["data/rgb_front"].shape == (24, 4, 6, 3)
    assert root["data/rgb_front"].dtype == np.uint8
    assert root["data/action"].attrs["names"] == ["j0", "j1", "j2", "gripper_width"]
    assert root["data/action"].attrs["source"] == "commanded"
    assert root.attrs["control_hz"] == 20.0
    assert [t["name"] for t in root.attrs["tasks"]] == ["cup_on_plate", "open_drawer"]
    assert np.array(root.attrs["cameras"]["wrist"]["K"]).shape == (3, 3)
    assert root.attrs["cameras"]["wrist"]["mount"] == "hand"


def test_episodes_with_fewer_objects_are_padded_with_nan(packed: Path) -> None:
    poses = zarr.open(packed, mode="r")["data/object_pose"][:]
    assert poses.shape == (24, 16, 7), "16 slots, whatever the episodes need"
    assert np.isfinite(poses[:5, :2]).all()
    assert np.isnan(poses[:5, 2:]).all()
    assert np.isfinite(poses[14:18, :5]).all()


def test_statistics_are_those_of_the_train_split(packed: Path) -> None:
    reader = DatasetReader(packed)
    stats, train = reader.attrs["stats"], np.flatnonzero(reader.column("episode_split") == 0)
    assert [e.split for e in reader] == ["train", "val", "train", "train"], "every second episode of a task"
    assert reader.attrs["splits"] == {"train": {"episodes": 3, "frames": 15}, "val": {"episodes": 1, "frames": 9}}
    actions = np.concatenate([reader.episode(k).actions for k in train]).astype(np.float64)
    np.testing.assert_allclose(stats["action"]["mean"], actions.mean(axis=0))
    np.testing.assert_allclose(stats["action"]["std"], actions.std(axis=0))
    np.testing.assert_allclose(stats["action"]["q90"], np.quantile(actions, 0.9, axis=0))
    assert stats["action"]["count"] == [len(actions)] * 4
    images = np.concatenate([reader.episode(k).arrays["rgb_front"] for k in train]).reshape(-1, 3)
    np.testing.assert_allclose(stats["rgb_front"]["mean"], images.mean(axis=0))
    np.testing.assert_allclose(stats["rgb_front"]["std"], images.std(axis=0))
    assert stats["rgb_front"]["max"] == images.max(axis=0).tolist()


def test_packing_twice_gives_the_same_bytes(packed: Path, tmp_path: Path, meta: DatasetMeta) -> None:
    parts = [packed.parent / "parts" / name for name in "012"]
    pack(parts, tmp_path / "again.zarr", meta=meta)
    assert contents(tmp_path / "again.zarr") == contents(packed)


def test_the_order_in_which_parts_were_made_does_not_matter(
    builder, packed: Path, episodes: list, tmp_path: Path, meta: DatasetMeta
) -> None:
    batches = {"0": episodes[:2], "1": [], "2": episodes[2:]}
    for name in "201":
        write_part(tmp_path / name, batches[name], store=builder.ToyStore())
    pack([tmp_path / name for name in "012"], tmp_path / "other.zarr", meta=meta)
    assert contents(tmp_path / "other.zarr") == contents(packed)


def test_batches_cut_elsewhere_give_the_same_arrays(
    builder, packed: Path, episodes: list, tmp_path: Path, meta: DatasetMeta
) -> None:
    for k, episode in enumerate(episodes):
        write_part(tmp_path / str(k), [episode], store=builder.ToyStore())
    pack([tmp_path / str(k) for k in range(4)], tmp_path / "other.zarr", meta=meta)
    assert contents(tmp_path / "other.zarr") == contents(packed)


def test_an_episode_given_twice_is_refused(builder, tmp_path: Path, meta: DatasetMeta) -> None:
    for name in ("a", "b"):
        write_part(tmp_path / name, [builder.episode(1)], store=builder.ToyStore())
    with pytest.raises(DatasetError, match="twice"):
        pack([tmp_path / "a", tmp_path / "b"], tmp_path / "out.zarr", meta=meta)
    assert not (tmp_path / "out.zarr").exists()


def test_parts_of_two_robots_or_other_cameras_are_refused(builder, tmp_path: Path, meta: DatasetMeta) -> None:
    store = builder.ToyStore()
    write_part(tmp_path / "a", [builder.episode(1)], store=store)
    write_part(tmp_path / "b", [builder.episode(2, arm="otherbot")], store=store)
    write_part(tmp_path / "c", [builder.episode(3, cameras=("front",))], store=store)
    with pytest.raises(DatasetError, match="otherbot"):
        pack([tmp_path / "a", tmp_path / "b"], tmp_path / "out.zarr", meta=meta)
    with pytest.raises(DatasetError, match="different cameras"):
        pack([tmp_path / "a", tmp_path / "c"], tmp_path / "out.zarr", meta=meta)


def test_robots_that_differ_in_controller_gains_only_are_one_robot(builder, tmp_path: Path, meta: DatasetMeta) -> None:
    """Domain randomisation draws gains anew for every batch; each episode's scene keeps its own."""
    stiff = builder.episode(2)
    arm = tuple(joint.model_copy(update={"kp": 120.0, "kv": 12.0}) for joint in stiff.scene.robot.arm)
    robot = stiff.scene.robot.model_copy(update={"arm": arm})
    object.__setattr__(stiff, "scene", stiff.scene.model_copy(update={"robot": robot}))
    for name, episode in (("a", builder.episode(1)), ("b", stiff)):
        write_part(tmp_path / name, [episode], store=builder.ToyStore())
    pack([tmp_path / "a", tmp_path / "b"], tmp_path / "out", meta=meta)
    reader = DatasetReader(tmp_path / "out")
    assert [e.scene.robot.arm[0].kp for e in reader] == [100.0, 120.0]
    assert verify(tmp_path / "out") == []


def test_nothing_to_pack_is_an_error(builder, tmp_path: Path, meta: DatasetMeta) -> None:
    write_part(tmp_path / "a", [], store=builder.ToyStore())
    with pytest.raises(DatasetError, match="no episodes"):
        pack([tmp_path / "a"], tmp_path / "out.zarr", meta=meta)


def test_a_folder_that_is_not_a_dataset_is_not_written_into(packed: Path, tmp_path: Path, meta: DatasetMeta) -> None:
    (tmp_path / "thesis.txt").write_text("do not touch")
    with pytest.raises(OutputError, match="not a dataset"):
        pack([packed.parent / "parts" / "0"], tmp_path, meta=meta)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    commits=st.lists(st.integers(1, 9), max_size=3),
    rows=st.sampled_from([8, 16]),
)
@settings(max_examples=25, deadline=None)
def test_rows_are_rechunked_and_appended_without_loss(lengths: list[int], commits: list[int], rows: int) -> None:
    spec = layout.ArraySpec("rgb_x", "uint8", (2, 2, 3))
    old, written = None, np.empty((0, 2, 2, 3), np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "IMAGE_SHARD_ROWS", rows)
        for seed, commit in enumerate([lengths, *([n] for n in commits)]):
            blocks = [np.random.default_rng([seed, n]).integers(0, 9, (n, 2, 2, 3), np.uint8) for n in commit]
            group = zarr.open_group(zarr.storage.MemoryStore(), mode="w", zarr_format=3)
            append_rows(group, spec, old=old, before=len(written), rows=sum(commit), blocks=iter(blocks))
            changed = len(written) // rows * rows
            written = np.concatenate([written, *blocks])
            np.testing.assert_array_equal(group["rgb_x"][changed:], written[changed:])
            whole = zarr.open_group(zarr.storage.MemoryStore(), mode="w", zarr_format=3)
            append_rows(whole, spec, old=None, before=0, rows=len(written), blocks=[written])
            old = whole["rgb_x"]


@given(
    counts=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2), st.integers(1, 4)), min_size=1, max_size=4),
    cut=st.integers(0, 4),
)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_mix_of_object_and_joint_counts_round_trips(
    builder, tmp_path_factory: pytest.TempPathFactory, counts: list[tuple[int, int, int]], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("ragged")
    written = [
        builder.episode(k, steps=steps, objects=tuple(f"thing{i}" for i in range(n)), drawers=drawers, cameras=())
        for k, (n, drawers, steps) in enumerate(counts)
    ]
    for name, batch in {"a": written[:cut], "b": written[cut:]}.items():
        write_part(folder / name, batch, store=builder.ToyStore())
    pack([folder / "a", folder / "b"], folder / "out.zarr", meta=DatasetMeta(name="ragged"))
    assert verify(folder / "out.zarr") == []
    for stored, episode in zip(DatasetReader(folder / "out.zarr"), written, strict=True):
        assert stored.scene == episode.scene
        np.testing.assert_array_equal(stored.arrays["object_pose"], episode.states.pose[:, 4:])
        np.testing.assert_array_equal(stored.arrays["object_joint"], episode.states.joint)
        np.testing.assert_array_equal(stored.final_object_pose, episode.final.pose[0, 4:])
