"""The rows of the selected episodes: where they stand in the store, and those of small arrays in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset import layout
from pipeline.dataset.access import array_at, read
from pipeline.dataset.reader import DatasetReader

Ints = NDArray[np.int64]

BLOCK_BYTES = 64 * 2**20
"""Rows of an array that are read at once [bytes]."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The selected episodes one after the other: where each begins in the store and among the selected rows."""

    episodes: Ints  # (episodes,)  index in the dataset
    starts: Ints  # (episodes,)  first row in the store
    lengths: Ints  # (episodes,)  rows
    offsets: Ints  # (episodes,)  first row among the selected ones

    @staticmethod
    def of(ends: Ints, episodes: Ints) -> Rows:
        """The rows of ``episodes``, ascending, of a dataset whose episodes end before the rows ``ends``."""
        starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)[episodes]
        lengths = ends[episodes] - starts
        return Rows(episodes, starts, lengths, np.cumsum(lengths) - lengths)

    @property
    def total(self) -> int:
        """Number of selected rows."""
        return int(self.lengths.sum())

    def blocks(self, size: int) -> Iterator[tuple[int, int, NDArray[np.bool_]]]:
        """Stretches of ``size`` of the store's rows that hold selected ones: first, end, and which (rows,) are."""
        stops = self.starts + self.lengths
        for first in range(0, int(stops[-1]), size):
            end = min(first + size, int(stops[-1]))
            one = np.searchsorted(stops, first, side="right")
            last = np.searchsorted(self.starts, end, side="left")
            if one == last:
                continue
            steps = np.zeros(end - first + 1, np.int64)
            np.add.at(steps, np.maximum(self.starts[one:last] - first, 0), 1)
            np.add.at(steps, np.minimum(stops[one:last] - first, end - first), -1)
            yield first, end, np.cumsum(steps[:-1]) > 0


def blocks_of(reader: DatasetReader, name: str, rows: Rows) -> Iterator[NDArray[Any]]:
    """The selected rows of an array of ``data/``, whole chunks of up to ``BLOCK_BYTES`` at a time."""
    array = array_at(reader.root, _path(name))
    row = int(np.prod(array.shape[1:], dtype=np.int64)) * array.dtype.itemsize
    size = max(1, BLOCK_BYTES // row // array.chunks[0]) * array.chunks[0]
    for first, end, chosen in rows.blocks(size):
        yield np.asarray(read(reader.root, _path(name), slice(first, end)))[chosen]


def load_small(reader: DatasetReader, names: Sequence[str], rows: Rows, *, budget: int) -> dict[str, NDArray[Any]]:
    """The selected rows of those arrays that are no images and fit together into ``budget`` bytes, smallest first."""
    held: dict[str, NDArray[Any]] = {}
    for size, name in sorted((_size(reader, name, rows), name) for name in dict.fromkeys(names)):
        if is_image(reader, name) or size > budget:
            continue
        held[name] = np.concatenate(list(blocks_of(reader, name, rows)))
        budget -= size
    return held


def is_image(reader: DatasetReader, name: str) -> bool:
    """Whether a row of the array is an image, kept as whole numbers (height, width[, channels])."""
    array = array_at(reader.root, _path(name))
    return array.dtype.kind == "u" and array.ndim > 2


def _size(reader: DatasetReader, name: str, rows: Rows) -> int:
    array = array_at(reader.root, _path(name))
    return rows.total * int(np.prod(array.shape[1:], dtype=np.int64)) * array.dtype.itemsize


def _path(name: str) -> str:
    return f"{layout.DATA}/{layout.stored_name(name)}"
