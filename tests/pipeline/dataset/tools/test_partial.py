"""Pulling a part: only what is asked for crosses the network, and an interruption costs little."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from pipeline.core.errors import OutputError
from pipeline.dataset import open_dataset, subset
from pipeline.dataset.selection import EpisodeFilter, select
from pipeline.dataset.transfer.partial import pull_part
from pipeline.dataset.transfer.push import push
from pipeline.dataset.verify import verify


@pytest.fixture
def there(s3: Any, make: Callable[..., Path], builder: Any) -> tuple[str, Path]:
    """Twelve episodes of two tasks, with pictures large beside everything else, on the S3 server."""
    episodes = [builder.episode(k, steps=120, task_name="ab"[k // 6]) for k in range(12)]
    dataset = make("toys.zarr", episodes)
    url = s3.url()
    push(dataset, url)
    s3.traffic.clear()
    return url, dataset


def test_a_task_comes_without_reading_the_rest(s3: Any, there: tuple[str, Path], tmp_path: Path) -> None:
    url, dataset = there
    reader = open_dataset(url)
    wanted = select(reader, EpisodeFilter(tasks=("b",)))
    s3.traffic.clear()
    assert pull_part(reader, wanted[:1], tmp_path / "one.zarr", selection={"tasks": ["b"]}) == 1
    shard = dataset / "data" / "rgb_front" / "c" / "0" / "0" / "0" / "0"
    array = zarr.open_array(dataset / "data" / "rgb_front", mode="r")
    index = array.shards[0] // array.chunks[0] * 16 + 4  # bytes: where the chunks of the shard are
    pictures = shard.stat().st_size - index
    fetched = s3.traffic.below("/data/rgb_front/c/")
    assert fetched < index + pictures / 12 * 1.5  # one of twelve episodes, and the rest of its first and last chunk
    assert (
        len([path for path in s3.traffic.of("GET") if "/data/rgb_front/c/" in path]) <= 2 + 120 // array.chunks[0] + 1
    )
    assert np.array_equal(
        open_dataset(tmp_path / "one.zarr").episode(0).arrays["rgb_front"],
        open_dataset(dataset).episode(6).arrays["rgb_front"],
    )
    assert verify(tmp_path / "one.zarr") == []


def test_pictures_that_are_not_asked_for_are_not_touched(s3: Any, there: tuple[str, Path], tmp_path: Path) -> None:
    url, dataset = there
    reader = open_dataset(url)
    s3.traffic.clear()
    pull_part(reader, np.arange(2), tmp_path / "two.zarr", keys=["rgb_wrist"], selection={"keys": ["rgb_wrist"]})
    assert not [path for _, path in s3.traffic.requests if "rgb_front" in path]
    new = open_dataset(tmp_path / "two.zarr")
    assert np.array_equal(new.episode(1).arrays["rgb_wrist"], open_dataset(dataset).episode(1).arrays["rgb_wrist"])


def test_a_part_that_broke_off_goes_on(
    there: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = there
    monkeypatch.setattr(subset, "COMMIT_ROWS", 200)
    out, seen = tmp_path / "part.zarr", []

    def stop(new: int, total: int) -> None:
        seen.append(new)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull_part(open_dataset(url), np.arange(6), out, selection={"tasks": ["a"]}, heard=stop)
    assert not out.exists()
    again: list[int] = []
    pull_part(
        open_dataset(url), np.arange(6), out, selection={"tasks": ["a"]}, heard=lambda new, total: again.append(new)
    )
    assert again[0] == sum(seen)
    assert len(open_dataset(out)) == 6
    assert verify(out) == []


def test_another_selection_does_not_go_into_the_same_place(there: tuple[str, Path], tmp_path: Path) -> None:
    url, _ = there
    out = tmp_path / "part.zarr"
    pull_part(open_dataset(url), np.arange(1), out, selection={"ids": ["x"]})
    with pytest.raises(OutputError, match="something else"):
        pull_part(open_dataset(url), np.arange(2), out, selection={"ids": ["y"]})
