"""Statistics over the frames of the train split: images by histograms that add up, everything else from stored rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from pipeline.dataset.layout import ArraySpec

QUANTILES = {"q01": 0.01, "q02": 0.02, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q98": 0.98, "q99": 0.99}
NAMES = ("min", "max", "mean", "std", *QUANTILES)
RGB_LEVELS = 256
DEPTH_BIN, DEPTH_BINS = 16, 4096
"""mm a bin; all of uint16."""
PASS_BYTES, BLOCK_ROWS = 2**28, 2**16
"""Memory for the columns of one pass over an array, and rows read at a time."""

Histogram = list[list[int]]
"""Counts by channel and bin without trailing zeros; of depth, before them, [count, sum, sum of squares, min, max]."""


def films(spec: ArraySpec) -> bool:
    """Whether statistics of the array come from a histogram: pictures and depth."""
    return spec.image and (len(spec.row) == 3 or spec.dtype == "uint16")


def measured(spec: ArraySpec) -> bool:
    """Whether statistics of the array come from its rows: numbers with a fraction."""
    return spec.dtype.startswith("float")


def histogram(spec: ArraySpec, frames: NDArray[Any]) -> Histogram:
    """What :func:`of_histogram` needs of ``frames`` (rows, height, width[, 3]); those of two blocks can be added."""
    if spec.dtype == "uint16":
        return _of_depth(frames)
    channels = np.moveaxis(frames, -1, 0)
    return [_trim(np.bincount(values.ravel(), minlength=RGB_LEVELS)) for values in channels]


def add(a: Histogram, b: Histogram) -> Histogram:
    """The histogram of both blocks."""
    if not a or not b:
        return a or b
    out = [_sum(x, y) for x, y in zip(a, b, strict=True)]
    if len(a) == 2:
        seen = [x for x in (a[0], b[0]) if x[0]]
        out[0][3:] = [min(x[3] for x in seen), max(x[4] for x in seen)] if seen else [0, 0]
    return out


def of_histogram(spec: ArraySpec, counts: Histogram) -> dict[str, Any]:
    """min, max, mean, std, count and quantiles: of a picture a list over the channels (0 to 255), of depth [mm].

    Quantiles are the smallest value that at least that share of the pixels does not exceed, of depth to 16 mm. Depth 0,
    which means nothing, is left out.
    """
    if spec.dtype == "uint16":
        return {k: v[0] for k, v in _nest([_depth_values(*counts) if counts else _none()], (1,)).items()}
    channels = [_rgb_values(np.array(c, np.int64)) for c in counts] if counts else [_none()] * spec.row[-1]
    return _nest(channels, (len(channels),))


def of_rows(spec: ArraySpec, array: zarr.Array[Any], train: NDArray[np.bool_]) -> dict[str, Any]:
    """The same of an array of numbers, in its own units, NaN left out, None where nothing is left.

    ``train`` (rows,) says which rows count. Nested lists shaped like a row; quantiles are numpy's linear ones. The
    array is read in passes, so that memory stays bounded however long it is.
    """
    width = int(np.prod(spec.row, dtype=int))
    itemsize = np.dtype(spec.dtype).itemsize
    step = max(1, PASS_BYTES // max(1, int(train.sum()) * itemsize))
    values: list[dict[str, Any]] = []
    for first in range(0, width, step):
        blocks = [block[:, first : first + step] for block in _blocks(array, train, width)]
        table = np.concatenate(blocks) if blocks else np.empty((0, min(step, width - first)))
        values += [_of_values(table[:, i]) for i in range(table.shape[1])]
    return _nest(values, spec.row)


class StatsTracker:
    """Statistics of rows that stream by, once: feed it blocks; ``train`` (rows,) says which of all rows count."""

    def __init__(self, spec: ArraySpec, train: NDArray[np.bool_]) -> None:
        self.spec, self.train, self.at = spec, train, 0
        self.blocks: list[NDArray[Any]] = []
        self.histogram: Histogram = []

    @staticmethod
    def wants(spec: ArraySpec) -> bool:
        """Whether the array is one to scale by statistics: a picture or numbers; not flags, indices and raw depth."""
        return measured(spec) or (films(spec) and spec.dtype == "uint8")

    def add(self, block: NDArray[Any]) -> None:
        """The next rows."""
        chosen = block[self.train[self.at : self.at + len(block)]]
        self.at += len(block)
        if films(self.spec):
            self.histogram = add(self.histogram, histogram(self.spec, chosen))
        else:
            self.blocks.append(chosen)

    def result(self) -> dict[str, Any]:
        """As of :func:`of_histogram` and :func:`of_rows`."""
        if films(self.spec):
            return of_histogram(self.spec, self.histogram)
        table = np.concatenate(self.blocks).reshape(-1, int(np.prod(self.spec.row, dtype=int)))
        self.blocks.clear()
        return _nest([_of_values(table[:, i]) for i in range(table.shape[1])], self.spec.row)


def _blocks(array: zarr.Array[Any], train: NDArray[np.bool_], width: int) -> Iterator[NDArray[Any]]:
    for start in range(0, len(train), BLOCK_ROWS):
        rows = slice(start, min(start + BLOCK_ROWS, len(train)))
        yield np.asarray(array[rows]).reshape(-1, width)[train[rows]]


def _of_values(column: NDArray[Any]) -> dict[str, Any]:
    values = column[~np.isnan(column)].astype(np.float64)
    if not len(values):
        return _none()
    quantiles = np.quantile(values, list(QUANTILES.values()))
    plain = {"min": values.min(), "max": values.max(), "mean": values.mean(), "std": values.std()}
    return plain | dict(zip(QUANTILES, quantiles, strict=True)) | {"count": len(values)}


def _of_depth(frames: NDArray[Any]) -> Histogram:
    values = frames[frames > 0]
    wide = values.astype(np.int64)
    exact = [len(values), int(wide.sum()), int((wide**2).sum()), int(wide.min(initial=2**16)), int(wide.max(initial=0))]
    if not len(values):
        exact[3] = 0
    return [exact, _trim(np.bincount(values // DEPTH_BIN, minlength=DEPTH_BINS))]


def _depth_values(exact: list[int], counts: list[int]) -> dict[str, Any]:
    count, total, squares, least, most = exact
    if not count:
        return _none()
    mean = total / count
    std = max(0.0, (squares * count - total**2) / count**2) ** 0.5
    below = np.cumsum(counts)
    ends = {name: int(np.searchsorted(below, q * count)) * DEPTH_BIN + DEPTH_BIN - 1 for name, q in QUANTILES.items()}
    quantiles = {name: min(max(end, least), most) for name, end in ends.items()}
    return {"min": least, "max": most, "mean": mean, "std": std} | quantiles | {"count": count}


def _rgb_values(counts: NDArray[np.int64]) -> dict[str, Any]:
    total = int(counts.sum())
    if not total:
        return _none()
    levels, seen = np.arange(len(counts)), np.flatnonzero(counts)
    mean = float(counts @ levels) / total
    std = float(np.sqrt(counts @ (levels - mean) ** 2 / total))
    below = np.cumsum(counts)
    quantiles = {name: int(np.searchsorted(below, q * total)) for name, q in QUANTILES.items()}
    return {"min": seen[0], "max": seen[-1], "mean": mean, "std": std} | quantiles | {"count": total}


def _none() -> dict[str, Any]:
    return dict.fromkeys(NAMES) | {"count": 0}


def _sum(a: list[int], b: list[int]) -> list[int]:
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    return [x + y for x, y in zip(longer, [*shorter, *[0] * (len(longer) - len(shorter))], strict=True)]


def _trim(counts: NDArray[np.int64]) -> list[int]:
    return np.trim_zeros(counts, "b").tolist()


def _nest(columns: list[dict[str, Any]], shape: tuple[int, ...]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key in columns[0]:
        values = np.empty(len(columns), object)
        values[:] = [None if c[key] is None else (int if key == "count" else float)(c[key]) for c in columns]
        out[key] = values.reshape(shape).tolist()
    return out
