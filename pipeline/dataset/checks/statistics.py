"""Statistics that a dataset carries, against those of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pipeline.core.errors import DatasetError
from pipeline.dataset import layout, stats
from pipeline.dataset.access import DAMAGE, array_at
from pipeline.dataset.checks.problem import Problem
from pipeline.dataset.checks.stored import Stored, dimensions
from pipeline.dataset.data_arrays import data_arrays
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.splits import SPLITS

RELATIVE = 1e-6
"""Sums in another order differ in their last digits."""


class StatisticsCheck:
    """Collects the pictures of the train split as they stream by; numbers are read again."""

    def __init__(self, reader: DatasetReader) -> None:
        self._reader = reader
        self._specs = data_arrays(dimensions(reader))
        self._train = reader.column("episode_split") == SPLITS.index("train")
        self._films = {name: spec for name, spec in self._specs.items() if stats.films(spec)}
        self._counts: dict[str, stats.Histogram] = {name: [] for name in self._films}

    def add(self, episode: Stored) -> None:
        """The pictures of an episode."""
        if not self._train[episode.index]:
            return
        for name, spec in self._films.items():
            if name in episode.arrays:
                self._counts[name] = stats.add(self._counts[name], stats.histogram(spec, episode.arrays[name]))

    def problems(self) -> Iterator[Problem]:
        """Arrays whose statistics are not those of their rows; call it when every episode was added."""
        attrs = self._reader.attrs
        if attrs["stats_episodes"] != attrs["episodes"] or len(self._reader) != attrs["episodes"]:
            return  # behind by some commits, which is allowed and says so itself
        rows = np.repeat(self._train, np.diff(self._reader.ends, prepend=0))
        for name, spec in self._specs.items():
            if not (stats.films(spec) or stats.measured(spec)):
                continue
            path = f"{layout.DATA}/{name}"
            if name not in attrs["stats"]:
                yield Problem(path, None, "the attribute 'stats' of the root does not have it")
                continue
            try:
                found = (
                    stats.of_histogram(spec, self._counts[name])
                    if stats.films(spec)
                    else stats.of_rows(spec, array_at(self._reader.root, path), rows)
                )
            except (DatasetError, *DAMAGE):
                continue  # what cannot be read was named already
            for key in found:
                if not _same(found[key], attrs["stats"][name].get(key)):
                    yield Problem(path, None, f"its {key} over the train split is not the one in the attribute 'stats'")
                    break


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    if a is None or b is None:
        return a is b
    return abs(a - b) <= RELATIVE * max(abs(a), abs(b), 1e-9)
