"""The parquet tables of LeRobot v3.0: frames with a row group an episode, episodes, tasks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

EPISODES_HELD = 1000  # rows of meta/episodes in memory
FILES_A_CHUNK = 1000
SARM = ("names", "start_frames", "end_frames", "start_times", "end_times")


class RollingPlace:
    """The numbered files ``chunk-000/file-000`` under a folder, one after the other."""

    def __init__(self, folder: Path, ending: str) -> None:
        self._folder, self._ending, self._index = folder, ending, 0

    @property
    def chunk(self) -> int:
        """Number of the folder."""
        return self._index // FILES_A_CHUNK

    @property
    def file(self) -> int:
        """Number of the file in it."""
        return self._index % FILES_A_CHUNK

    @property
    def path(self) -> Path:
        """Where it is, its folder made."""
        path = self._folder / f"chunk-{self.chunk:03d}" / f"file-{self.file:03d}{self._ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def roll(self) -> None:
        """Go on to the next file."""
        self._index += 1


class Table:
    """Row groups appended to numbered parquet files, a new one after ``limit`` bytes."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.place, self._limit = RollingPlace(folder, ".parquet"), limit
        self._writer: pq.ParquetWriter | None = None
        self._path = self.place.path

    def append(self, table: pa.Table) -> None:
        """One more row group, in the file that ``place`` tells."""
        import pyarrow.parquet as pq

        if self._writer is None:
            self._path = self.place.path
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="snappy")
        self._writer.write_table(table)
        self._flushed()

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    def _flushed(self) -> None:
        if self._path.stat().st_size >= self._limit:
            self.close()
            self.place.roll()


class Episodes:
    """``meta/episodes``: a row an episode, a few of them in memory."""

    def __init__(self, root: Path, limit: int) -> None:
        self._table, self._rows = Table(root / "meta" / "episodes", limit), list[dict[str, Any]]()

    def append(self, row: dict[str, Any]) -> None:
        """The next episode."""
        self._rows.append(row)
        if len(self._rows) >= EPISODES_HELD:
            self._flush()

    def close(self) -> None:
        """Write what is left."""
        if self._rows:
            self._flush()
        self._table.close()

    def _flush(self) -> None:
        import pyarrow as pa

        where = {
            "meta/episodes/chunk_index": self._table.place.chunk,
            "meta/episodes/file_index": self._table.place.file,
        }
        self._table.append(pa.Table.from_pylist([row | where for row in self._rows]))
        self._rows.clear()


def frames_table(arrays: dict[str, NDArray[Any]]) -> pa.Table:
    """Arrays (steps,) and (steps, columns) as columns of numbers and of lists of fixed length."""
    import pyarrow as pa

    return pa.table({name: _column(values) for name, values in arrays.items()})


def write_tasks(root: Path, instructions: list[str]) -> None:
    """``meta/tasks.parquet``: the wordings, which are the frame's index, by number."""
    import pandas as pd

    index = pd.Index(instructions, name="task", dtype="object")
    pd.DataFrame({"task_index": np.arange(len(instructions), dtype=np.int64)}, index=index).to_parquet(
        root / "meta" / "tasks.parquet"
    )


def _column(values: NDArray[Any]) -> pa.Array:
    import pyarrow as pa

    if values.ndim == 1:
        return pa.array(values)
    flat = pa.array(np.ascontiguousarray(values).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
