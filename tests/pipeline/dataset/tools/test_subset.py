"""Filter, split and merge: which episodes, what stays as it was, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.core.errors import DatasetError, InvalidInputError, OutputError, UnknownNameError
from pipeline.dataset import open_dataset
from pipeline.dataset.dividing import by_fraction, by_key, differences, merge, write_splits
from pipeline.dataset.expression import compiled, matching
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.subset import Selected, meta_of, pictures, write_selected
from pipeline.dataset.verify import verify

Make = Callable[..., Path]


def rows(episode: Any) -> dict[str, bytes]:
    """Every array and everything else that is said of an episode, but for its place and task number."""
    arrays = {name: np.asarray(a).tobytes() for name, a in episode.arrays.items()}
    return arrays | {"record": episode.record.model_dump_json().encode(), "split": episode.split.encode()}


def keep(reader: DatasetReader, out: Path, numbers: list[int], **more: Any) -> DatasetReader:
    write_selected([Selected(reader, np.array(numbers), **more)], out, meta=meta_of([reader], {"name": "filter"}))
    return open_dataset(out)


def test_a_filtered_dataset_is_sound_and_its_episodes_are_what_they_were(packed: Path, tmp_path: Path) -> None:
    old = open_dataset(packed)
    new = keep(old, tmp_path / "new.zarr", [0, 2, 3])
    assert [rows(e) for e in new] == [rows(old.episode(k)) for k in (0, 2, 3)]
    assert verify(tmp_path / "new.zarr") == []
    assert sum(s["episodes"] for s in new.attrs["splits"].values()) == 3


def test_only_the_assets_that_are_used_come_along(packed: Path, tmp_path: Path) -> None:
    new = keep(open_dataset(packed), tmp_path / "new.zarr", [0])
    assert {a["name"] for a in new.attrs["assets"]} == {"cup", "plate"}
    assert "lemon" in {a["name"] for a in open_dataset(packed).attrs["assets"]}


def test_held_out_episodes_stay_held_out(packed: Path, tmp_path: Path) -> None:
    old = open_dataset(packed)
    held = [e.index for e in old if e.split == "val"]
    assert held
    assert {e.split for e in keep(old, tmp_path / "new.zarr", held)} == {"val"}


def test_pictures_may_be_left_out(packed: Path, tmp_path: Path) -> None:
    old = open_dataset(packed)
    cameras, channels = pictures(old, ["rgb_wrist"])
    new = keep(old, tmp_path / "new.zarr", [0, 1], cameras=cameras, channels=channels)
    assert "rgb_front" not in new.names
    assert np.array_equal(new.episode(1).arrays["rgb_wrist"], old.episode(1).arrays["rgb_wrist"])
    assert verify(tmp_path / "new.zarr") == []
    with pytest.raises(DatasetError, match="rgb_front"):
        pictures(old, ["depth_*"])


def test_nothing_is_left_when_writing_fails(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = open_dataset(packed)
    with pytest.raises(DatasetError):
        keep(old, tmp_path / "new.zarr", [])
    assert not (tmp_path / "new.zarr").exists()
    keep(old, tmp_path / "new.zarr", [0])
    with pytest.raises(OutputError, match="exists"):
        keep(old, tmp_path / "new.zarr", [1])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("task == 'open_drawer'", [2]),
        ("length > 5 and not task == 'open_drawer'", [1, 3]),
        ("5 <= length < 9", [0, 3]),
        ("seed in [1, 4]", [0, 3]),
        ("'cup' in instruction and index % 2 == 1", [1, 3]),
        ("split == 'val' or solver != 'toy'", [1]),
    ],
)
def test_expressions_choose_episodes(packed: Path, text: str, wanted: list[int]) -> None:
    reader = open_dataset(packed)
    if "split" in text:
        wanted = [e.index for e in reader if e.split == "val"]
    assert np.flatnonzero(matching(reader, text)).tolist() == wanted


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "task.__class__",
        "length if success else 1",
        "(lambda: 1)()",
        "length <",
        "1 + 1",
    ],
)
def test_expressions_run_nothing(text: str) -> None:
    with pytest.raises(InvalidInputError):
        compiled(text)


def test_an_unknown_name_is_named() -> None:
    with pytest.raises(UnknownNameError, match="length"):
        compiled("lenght > 3")


def test_what_cannot_be_compared_is_said(packed: Path) -> None:
    with pytest.raises(InvalidInputError, match="compare"):
        matching(open_dataset(packed), "length < 'a'")


def test_shares_divide_every_task_and_no_episode_is_in_two(make: Make, builder: Any, tmp_path: Path) -> None:
    episodes = [builder.episode(k, task_name=name) for k, name in enumerate(["a"] * 10 + ["b"] * 10)]
    reader = open_dataset(make("all.zarr", episodes))
    parts = by_fraction(reader, {"train": "0.8", "val": "0.1", "test": "0.1"}, seed=3)
    assert sorted(k for part in parts.values() for k in part) == list(range(20))
    assert {name: len(part) for name, part in parts.items()} == {"train": 16, "val": 2, "test": 2}
    assert {reader.episode(int(k)).task.name for k in parts["test"]} == {"a", "b"}
    again = by_fraction(reader, {"train": "0.8", "val": "0.1", "test": "0.1"}, seed=3)
    assert all(np.array_equal(parts[name], again[name]) for name in parts)
    assert write_splits(reader, {"test": parts["test"]}, tmp_path / "out") == {"test": 2}
    assert verify(tmp_path / "out" / "test.zarr") == []


def test_shares_that_do_not_add_up_are_refused(packed: Path) -> None:
    reader = open_dataset(packed)
    for shares in ({"a": "0.8", "b": "0.3"}, {"a": "x"}, {"a": "-1"}):
        with pytest.raises(InvalidInputError):
            by_fraction(reader, shares, seed=0)


def test_tasks_divide_a_dataset(packed: Path) -> None:
    parts = by_key(open_dataset(packed), "task")
    assert {name: part.tolist() for name, part in parts.items()} == {"cup_on_plate": [0, 1, 3], "open_drawer": [2]}


def test_merged_datasets_hold_all_episodes_in_order(make: Make, builder: Any, tmp_path: Path) -> None:
    first = open_dataset(make("a.zarr", [builder.episode(1), builder.episode(2)]))
    second = open_dataset(make("b.zarr", [builder.episode(3, drawers=1, task_name="open_drawer")]))
    assert merge([first, second], tmp_path / "ab.zarr") == 3
    both = open_dataset(tmp_path / "ab.zarr")
    assert [rows(e) for e in both] == [rows(e) for reader in (first, second) for e in reader]
    assert verify(tmp_path / "ab.zarr") == []
    assert [f["name"] for f in both.attrs["generators"][0]["from"]] == ["toys", "toys"]


def test_a_part_merged_with_its_rest_has_the_statistics_of_the_whole(make: Make, builder: Any, tmp_path: Path) -> None:
    whole = open_dataset(make("all.zarr", [builder.episode(k) for k in range(6)]))
    halves = [keep(whole, tmp_path / f"{name}.zarr", part) for name, part in (("x", [0, 1, 2]), ("y", [3, 4, 5]))]
    merge(halves, tmp_path / "again.zarr")
    assert open_dataset(tmp_path / "again.zarr").attrs["stats"] == whole.attrs["stats"]


def test_what_does_not_fit_is_refused_with_reasons(make: Make, builder: Any, tmp_path: Path) -> None:
    first = open_dataset(make("a.zarr", [builder.episode(1)]))
    other = open_dataset(make("b.zarr", [builder.episode(2, arm="otherbot", cameras=("front",))], license="MIT"))
    reasons = " ".join(differences([first, other]))
    assert all(word in reasons for word in ("robot", "otherbot", "cameras", "wrist 6x4", "licence", "MIT"))
    with pytest.raises(DatasetError, match="cannot be one"):
        merge([first, other], tmp_path / "ab.zarr")
    assert not (tmp_path / "ab.zarr").exists()


def test_an_episode_in_two_datasets_is_refused(make: Make, builder: Any, tmp_path: Path) -> None:
    first = open_dataset(make("a.zarr", [builder.episode(1)]))
    twin = open_dataset(make("b.zarr", [builder.episode(1), builder.episode(2)]))
    with pytest.raises(DatasetError, match="is in"):
        merge([first, twin], tmp_path / "ab.zarr")
