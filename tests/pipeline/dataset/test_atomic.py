"""A folder that could not be written is gone, whatever was still being written into it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from zarr.core.sync import _get_loop

from pipeline.core.errors import OutputError
from pipeline.dataset.atomic import new_directory


async def _late_write(folder: Path) -> None:
    await asyncio.sleep(0.2)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "chunk").write_bytes(b"late")


def _fill_a_full_disk(target: Path) -> None:
    with new_directory(target) as folder:
        asyncio.run_coroutine_threadsafe(_late_write(folder / "data"), _get_loop())
        raise OSError(28, "No space left on device")


def test_a_write_that_outlives_the_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No space left"):
        _fill_a_full_disk(tmp_path / "part")
    time.sleep(0.4)
    assert list(tmp_path.iterdir()) == []
