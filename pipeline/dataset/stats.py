"""Statistics of an array over the frames of the train split, collected while the array streams by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.layout import ArraySpec

QUANTILES = {"q01": 0.01, "q02": 0.02, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q98": 0.98, "q99": 0.99}


class StatsTracker:
    """Feed it successive blocks of frames; ``train`` (time,) says which of all frames count."""

    def __init__(self, spec: ArraySpec, train: NDArray[np.bool_]) -> None:
        self.spec, self.train, self.at = spec, train, 0
        self.blocks: list[NDArray[Any]] = []
        self.histogram = np.zeros((spec.row[-1] if spec.image else 0, 256), np.int64)

    @staticmethod
    def wants(spec: ArraySpec) -> bool:
        """Whether the array is numeric: flags and indices have no statistics."""
        return spec.name.startswith("rgb_") or spec.dtype.startswith("float")

    def add(self, block: NDArray[Any]) -> None:
        """The next frames, (rows, ...)."""
        chosen = block[self.train[self.at : self.at + len(block)]]
        self.at += len(block)
        if not self.spec.image:
            self.blocks.append(chosen)
            return
        for channel, counts in enumerate(self.histogram):
            counts += np.bincount(chosen[..., channel].ravel(), minlength=256)

    def result(self) -> dict[str, Any]:
        """min, max, mean, std, count and quantiles in the array's own units, NaN left out, None where nothing is left.

        Nested lists shaped like a frame; of an image, a list over the channels (values 0 to 255). Quantiles of images
        are the smallest value that at least that share of pixels does not exceed, of others numpy's linear ones.
        """
        if self.spec.image:
            return _nest([_of_histogram(h) for h in self.histogram], (len(self.histogram),))
        table = np.concatenate(self.blocks).reshape(-1, int(np.prod(self.spec.row, dtype=int)))
        self.blocks.clear()
        return _nest([_of_values(table[:, i]) for i in range(table.shape[1])], self.spec.row)


def _of_values(column: NDArray[Any]) -> dict[str, Any]:
    values = column[~np.isnan(column)].astype(np.float64)
    if not len(values):
        return dict.fromkeys(["min", "max", "mean", "std", *QUANTILES]) | {"count": 0}
    quantiles = np.quantile(values, list(QUANTILES.values()))
    plain = {"min": values.min(), "max": values.max(), "mean": values.mean(), "std": values.std()}
    return plain | dict(zip(QUANTILES, quantiles, strict=True)) | {"count": len(values)}


def _of_histogram(counts: NDArray[np.int64]) -> dict[str, Any]:
    total = int(counts.sum())
    if not total:
        return dict.fromkeys(["min", "max", "mean", "std", *QUANTILES]) | {"count": 0}
    levels = np.arange(256)
    seen = np.flatnonzero(counts)
    mean = float(counts @ levels) / total
    std = float(np.sqrt(counts @ (levels - mean) ** 2 / total))
    below = np.cumsum(counts)
    quantiles = {name: int(np.searchsorted(below, q * total)) for name, q in QUANTILES.items()}
    return {"min": seen[0], "max": seen[-1], "mean": mean, "std": std} | quantiles | {"count": total}


def _nest(columns: list[dict[str, Any]], shape: tuple[int, ...]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key in columns[0]:
        values = np.empty(len(columns), object)
        values[:] = [None if c[key] is None else (int if key == "count" else float)(c[key]) for c in columns]
        out[key] = values.reshape(shape).tolist()
    return out
