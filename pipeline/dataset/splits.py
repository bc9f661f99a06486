"""Train and validation splits that depend on nothing but the episodes themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SPLITS = ("train", "val")
"""``meta/episode_split`` holds the index into this tuple."""


def assign_splits(ids: Sequence[str], tasks: Sequence[int], *, val_fraction: float) -> NDArray[np.uint8]:
    """Split index (episodes,): of each task, the given fraction (rounded down) of episodes is held out.

    Which ones is decided by their content-derived ids, so neither order nor seed matters.
    """
    split = np.zeros(len(ids), np.uint8)
    for task in set(tasks):
        members = sorted((i for i, t in enumerate(tasks) if t == task), key=lambda i: ids[i])
        split[members[: int(len(members) * val_fraction)]] = SPLITS.index("val")
    return split
