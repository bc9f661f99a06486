"""Memory stays flat while a dataset larger than what is held of it is read through."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import psutil
import pytest
import zarr
from zarr.codecs import ZstdCodec

from pipeline.dataset import rows
from pipeline.dataset.rows import Engine, RowReader
from pipeline.dataset.windows import Windows, WindowSpec

FRAMES, SIZE = 4096, 64  # 50 MB of images
GROWTH = 12 * 2**20  # bytes, a quarter of what is read


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one big array of images laid out as a dataset's are."""
    place = tmp_path_factory.mktemp("films") / "films.zarr"
    data = zarr.open_group(place, mode="w", zarr_format=3).create_group("data")
    array = data.create_array(
        "rgb_front",
        shape=(FRAMES, SIZE, SIZE, 3),
        dtype="uint8",
        chunks=(8, SIZE, SIZE, 3),
        shards=(1024, SIZE, SIZE, 3),
        compressors=[ZstdCodec(level=3)],
    )
    rng = np.random.default_rng(0)
    for first in range(0, FRAMES, 1024):
        array[first : first + 1024] = rng.integers(0, 256, (1024, SIZE, SIZE, 3), np.uint8)
    return place


@pytest.mark.parametrize("engine", ["zarr", "tensorstore"])
def test_images_read_are_not_kept(films: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_users", set())
    reader, process = RowReader(str(films), engine=engine), psutil.Process()
    order = np.random.default_rng(1).permutation(FRAMES - 1).tolist()

    def read_through() -> None:
        for row in order:
            reader.read([("data/rgb_front", row, row + 2)])

    for row in order[:512]:
        reader.read([("data/rgb_front", row, row + 2)])
    before = process.memory_info().rss
    read_through()
    assert process.memory_info().rss - before < GROWTH


def test_windows_hold_no_more_than_they_may(packed: Path) -> None:
    spec = WindowSpec(observations=("state", "object_pose", "rgb_front"), obs_horizon=1)
    windows = Windows(packed, spec, memory=0, engine="zarr")
    for _ in range(2):
        assert sum(1 for _ in windows) == 24
    tracemalloc.start()
    for _ in range(2):
        assert sum(1 for _ in windows) == 24
    first = tracemalloc.get_traced_memory()[0]
    for _ in range(6):
        assert sum(1 for _ in windows) == 24
    grown = tracemalloc.get_traced_memory()[0] - first
    tracemalloc.stop()
    assert grown < 50_000
