"""Statistics of an array over selected episodes, as the arrays that a policy's inputs and outputs are scaled with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import InvalidInputError
from pipeline.dataset import layout
from pipeline.dataset.access import array_at
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.stats import QUANTILES, StatsTracker
from pipeline.dataset.windows_table import Rows, blocks_of

F64 = NDArray[np.float64]
LEAST_SPREAD = 0.01
"""Deviations below this [m, rad or 1] are taken as this: the jitter of what hardly varies (the tilt of things at rest,
the height of a table) is not blown up to the size of what matters. A network would know the episodes by it."""


@dataclass(frozen=True, eq=False)
class Statistics:
    """Of one array over rows, in the array's unit; NaN left out, and NaN where nothing else is.

    Each field is shaped like a row, of an image (channels,) with values 0 to 255.
    """

    mean: F64
    std: F64
    min: F64
    max: F64
    count: NDArray[np.int64]
    quantiles: dict[str, F64] = field(default_factory=dict)  # q01 to q99

    def standardised(self, values: NDArray[Any], *, least: float = LEAST_SPREAD) -> NDArray[np.float32]:
        """``values`` (..., *row) with mean 0 and deviation 1, or less where they deviate by less than ``least``."""
        return ((values - self.mean) / np.maximum(self.std, least)).astype(np.float32)

    def restored(self, values: NDArray[Any], *, least: float = LEAST_SPREAD) -> NDArray[np.float32]:
        """The inverse of :meth:`standardised`."""
        return (values * np.maximum(self.std, least) + self.mean).astype(np.float32)

    def first(self, columns: int) -> Statistics:
        """Of the first ``columns`` of a row alone."""
        quantiles = {key: found[:columns] for key, found in self.quantiles.items()}
        mean, std, low, high = (found[:columns] for found in (self.mean, self.std, self.min, self.max))
        return Statistics(mean, std, low, high, self.count[:columns], quantiles)


def statistics_of(reader: DatasetReader, name: str, rows: Rows) -> Statistics:
    """Statistics of an array of ``data/`` over the selected rows; raises :class:`InvalidInputError` for flags."""
    array = array_at(reader.root, f"{layout.DATA}/{layout.stored_name(name)}")
    spec = layout.ArraySpec(name, str(array.dtype), tuple(array.shape[1:]))
    if not StatsTracker.wants(spec):
        raise InvalidInputError(
            f"{name!r} holds flags, indices or raw depth ({array.dtype}), which are not scaled with statistics."
        )
    tracker = StatsTracker(spec, np.ones(rows.total, bool))
    for block in blocks_of(reader, name, rows):
        tracker.add(block)
    found = {key: np.array(value, float) for key, value in tracker.result().items()}
    return Statistics(
        found["mean"],
        found["std"],
        found["min"],
        found["max"],
        found["count"].astype(np.int64),
        {key: found[key] for key in QUANTILES},
    )
