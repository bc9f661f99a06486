"""Loaders read the same samples with any number of workers, however these are started, and from a URL."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from pipeline.core.errors import DatasetError, InvalidInputError
from pipeline.dataset import rows
from pipeline.dataset.rows import PEEKS, RowReader
from pipeline.dataset.torch_windows import WindowDataset
from pipeline.dataset.windows import Windows, WindowSpec

SPEC = WindowSpec(observations=("state", "rgb_front", "rgb_wrist"), action_horizon=4)


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no process had used TensorStore; only for tests that do not fork afterwards."""
    monkeypatch.setattr(rows, "_users", set())


@pytest.fixture
def url(packed: Path) -> Iterator[str]:
    """The dataset in fsspec's own memory, as a URL."""
    store = fsspec.filesystem("memory")
    store.put(str(packed), "/windows.zarr", recursive=True)
    yield "memory://windows.zarr"
    store.rm("/windows.zarr", recursive=True)


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_give_what_one_process_gives(packed: Path, start: str) -> None:
    expected = list(Windows(packed, SPEC, engine="zarr"))
    loader = DataLoader(
        WindowDataset(packed, SPEC, engine="zarr" if start == "fork" else "auto"),
        batch_size=5,
        num_workers=2,
        multiprocessing_context=start,
        persistent_workers=True,
    )
    got = [batch for _ in range(2) for batch in loader]
    assert len(got) == 10
    for number, batch in enumerate(got):
        first = number % 5 * 5
        part = expected[first : first + 5]
        assert batch["obs"]["rgb_front"].dtype == torch.uint8
        for name in SPEC.observations:
            np.testing.assert_array_equal(batch["obs"][name], np.stack([s["obs"][name] for s in part]))
        np.testing.assert_array_equal(batch["action"], np.stack([s["action"] for s in part]))
        assert batch["instruction"] == [s["instruction"] for s in part]
        assert batch["step"].tolist() == [s["step"] for s in part]


def test_forked_workers_survive_a_parent_that_peeked_and_one_that_read_much(packed: Path, child) -> None:
    """In a process of its own: TensorStore aborts a fork that touches it after its parent did."""
    done = child(
        "import warnings; warnings.simplefilter('always')\n"
        "import numpy as np\n"
        "from torch.utils.data import DataLoader\n"
        "from pipeline.dataset.torch_windows import WindowDataset\n"
        "from pipeline.dataset.windows import WindowSpec\n"
        "from pipeline.dataset import rows\n"
        f"data = WindowDataset({str(packed)!r}, WindowSpec(observations=('rgb_front',), obs_horizon=1))\n"
        "def total(): return sum(int(b['obs']['rgb_front'].long().sum()) for b in\n"
        "    DataLoader(data, batch_size=4, num_workers=2, multiprocessing_context='fork'))\n"
        "data[0]; first = total(); assert not rows._users, 'a peek must not open it'\n"
        "print('peeked', first)\n"
        "for k in range(2 * rows.PEEKS): data[k % len(data)]\n"
        "assert rows._users; print('read', total())\n"
        "assert total() == sum(int(s['obs']['rgb_front'].long().sum()) for s in data)\n"
    )
    assert done.returncode == 0, done.stderr
    peeked, read = done.stdout.splitlines()
    assert peeked.split()[1] == read.split()[1]
    assert "forked from one that read with TensorStore" in done.stderr


def test_every_engine_gives_the_same_bits(packed: Path, fresh: None) -> None:
    asks = [("data/rgb_front", 3, 9), ("data/state", 0, 24), ("data/rgb_wrist", 23, 24)]
    slow, fast = RowReader(str(packed), engine="zarr"), RowReader(str(packed), engine="tensorstore")
    for one, other in zip(slow.read(asks), fast.read(asks), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_a_main_process_that_goes_on_reading_takes_the_fast_engine(packed: Path, fresh: None) -> None:
    reader = RowReader(str(packed))
    for _ in range(PEEKS):
        reader.read([("data/state", 0, 1)])
    assert not rows._users
    reader.read([("data/state", 0, 1)])
    assert rows._users == {os.getpid()}


@pytest.mark.parametrize("engine", ["zarr", "tensorstore"])
def test_a_damaged_image_is_named(packed: Path, tmp_path: Path, fresh: None, engine: rows.Engine) -> None:
    copy = Path(shutil.copytree(packed, tmp_path / "copy.zarr"))
    shard = next((copy / "data/rgb_front/c").rglob("0"))
    while shard.is_dir():
        shard = next(shard.iterdir())
    data = bytearray(shard.read_bytes())
    data[: len(data) // 2] = bytes(len(data) // 2)
    shard.write_bytes(data)
    with pytest.raises(DatasetError, match="data/rgb_front"):
        RowReader(str(copy), engine=engine).read([("data/rgb_front", 0, 24)])


def test_windows_are_read_from_a_url(packed: Path, url: str) -> None:
    near, far = Windows(packed, SPEC, engine="zarr"), Windows(url, SPEC)
    for k in (0, 7, 23):
        np.testing.assert_array_equal(near[k]["obs"]["rgb_front"], far[k]["obs"]["rgb_front"])
        np.testing.assert_array_equal(near[k]["action"], far[k]["action"])


def test_tensorstore_is_not_asked_for_what_only_fsspec_opens(url: str) -> None:
    with pytest.raises(InvalidInputError, match="local"):
        Windows(url, SPEC, engine="tensorstore")


def test_a_loader_with_shuffling_is_the_same_for_the_same_seed(packed: Path) -> None:
    def steps() -> list[int]:
        loader = DataLoader(
            WindowDataset(packed, engine="zarr"), batch_size=6, shuffle=True, generator=torch.Generator().manual_seed(3)
        )
        return [int(s) for batch in loader for s in batch["step"]]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert steps() == steps()
