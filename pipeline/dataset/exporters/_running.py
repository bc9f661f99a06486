"""Statistics of an array that streams by, in memory that does not grow with it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

QUANTILES = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}
SAMPLE = 65536  # rows: up to here quantiles are exact, beyond it those of every second, fourth, ... row


class Running:
    """min, max, mean, std and quantiles of the columns of rows (n, columns); of much data the quantiles are sampled."""

    def __init__(self) -> None:
        self.count, self._seen, self._every = 0, 0, 1
        self._sample: list[NDArray[np.float64]] = []
        self._low = self._high = self._mean = self._spread = np.zeros(0)

    def add(self, rows: NDArray[Any]) -> None:
        """The next rows, (n, columns)."""
        block = rows.astype(np.float64)
        if not len(block):
            return
        if not self.count:
            self._low, self._high = np.full(block.shape[1], np.inf), np.full(block.shape[1], -np.inf)
            self._mean, self._spread = np.zeros(block.shape[1]), np.zeros(block.shape[1])
        self._low, self._high = np.minimum(self._low, block.min(axis=0)), np.maximum(self._high, block.max(axis=0))
        self._merge(len(block), block.mean(axis=0), ((block - block.mean(axis=0)) ** 2).sum(axis=0))
        self._keep(block)

    def result(self) -> dict[str, Any]:
        """Lists over the columns; ``count`` is of rows."""
        sample = np.concatenate(self._sample)
        plain = {
            "min": self._low,
            "max": self._high,
            "mean": self._mean,
            "std": np.sqrt(self._spread / self.count),
        }
        quantiles = dict(zip(QUANTILES, np.quantile(sample, list(QUANTILES.values()), axis=0), strict=True))
        return {name: values.tolist() for name, values in (plain | quantiles).items()} | {"count": [self.count]}

    def _merge(self, count: int, mean: NDArray[np.float64], spread: NDArray[np.float64]) -> None:
        """Chan, Golub and LeVeque (1979): means and sums of squares of two parts make those of the whole."""
        total, apart = self.count + count, mean - self._mean
        self._spread = self._spread + spread + apart**2 * (self.count * count / total)
        self._mean = self._mean + apart * (count / total)
        self.count = total

    def _keep(self, block: NDArray[np.float64]) -> None:
        first = -self._seen % self._every
        self._seen += len(block)
        self._sample.append(block[first :: self._every])
        while sum(map(len, self._sample)) > SAMPLE:
            self._sample = [np.concatenate(self._sample)[::2]]
            self._every *= 2


class RunningImages:
    """The same of the channels of images, as LeRobot has them: values in [0, 1], lists of shape (channels, 1, 1)."""

    def __init__(self) -> None:
        self._counts, self.count = np.zeros((3, 256), np.int64), 0

    def add(self, images: NDArray[np.uint8]) -> None:
        """The next images, (n, height, width, 3)."""
        self.count += len(images)
        for channel, counts in enumerate(self._counts):
            counts += np.bincount(images[..., channel].ravel(), minlength=256)

    def result(self) -> dict[str, Any]:
        """``count`` is of images."""
        levels = np.arange(256) / 255.0
        per = [_of_counts(counts, levels) for counts in self._counts]
        return {name: [[[p[name]]] for p in per] for name in per[0]} | {"count": [self.count]}


def _of_counts(counts: NDArray[np.int64], levels: NDArray[np.float64]) -> dict[str, float]:
    total, seen, below = int(counts.sum()), np.flatnonzero(counts), np.cumsum(counts)
    mean = float(counts @ levels) / total
    std = float(np.sqrt(counts @ (levels - mean) ** 2 / total))
    plain = {"min": float(levels[seen[0]]), "max": float(levels[seen[-1]]), "mean": mean, "std": std}
    return plain | {n: float(levels[np.searchsorted(below, q * total)]) for n, q in QUANTILES.items()}
