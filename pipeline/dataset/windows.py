"""Windows: what a policy sees and what it is to do, a window of observations and actions for every control step.

The window of step t holds the observations up to and including t and the actions from t on. Beyond the ends of its
episode the first or last row is repeated, as diffusion_policy does, and masks say where.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.core.errors import DatasetError, UnknownNameError
from pipeline.core.geometry import Frozen
from pipeline.dataset import layout
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.rows import Ask, Engine, RowReader
from pipeline.dataset.selection import EpisodeFilter, Predicate, select
from pipeline.dataset.windows_statistics import Statistics, statistics_of
from pipeline.dataset.windows_table import Ints, Rows, load_small

MEMORY = 2**30
"""Bytes of small arrays that are held in memory, unless told otherwise."""
Sample = dict[str, Any]


class WindowSpec(Frozen):
    """What a window holds. Names are arrays of ``data/``, whatever of them is wanted."""

    observations: tuple[str, ...] = Field(default=("state",), description="arrays over the observation horizon")
    action: str = Field(default="action", description="the action space, an array over the action horizon")
    future: tuple[str, ...] = Field(
        default=(), description="more arrays over the action horizon, e.g. progress, stage, success, another action"
    )
    obs_horizon: int = Field(default=2, ge=1, description="observed rows, the current one last")
    action_horizon: int = Field(default=16, ge=1, description="rows of action")
    action_start: int = Field(
        default=0,
        description="first row of action, counted from the current one; 1 - obs_horizon is diffusion_policy's",
    )
    pad: Literal["repeat", "none"] = Field(
        default="repeat", description="repeat the first and last row beyond the ends, or leave such windows out"
    )
    fill: float | None = Field(
        default=0.0, description="stands in object slots that an episode does not use; None leaves NaN"
    )

    @property
    def names(self) -> tuple[str, ...]:
        """Every array that is read, once."""
        return tuple(dict.fromkeys((*self.observations, self.action, *self.future)))


class Windows:
    """The windows of the selected episodes of the dataset at ``place`` (a path or URL), in order, as numpy arrays.

    A sample is ``{"obs": {name: (obs_horizon, ...)}, "action": (action_horizon, ...), "obs_is_pad": (obs_horizon,),
    "action_is_pad": (action_horizon,), "instruction": str, "episode": index in the dataset, "step": the current row of
    the episode}``, and ``"future": {name: (action_horizon, ...)}`` if any is asked for. Object slots that none of the
    selected episodes uses are cut off; ``slots`` says how many are left. Equal arguments give equal
    samples, in whatever process.

    Small arrays are held in memory up to ``memory`` bytes; the rest is read when asked for. The object is cheap to
    pickle and opens the dataset anew in every process, so that loaders may fork or spawn their workers.
    """

    def __init__(
        self,
        place: str | Path,
        spec: WindowSpec | None = None,
        *,
        episodes: EpisodeFilter | None = None,
        predicate: Predicate | None = None,
        engine: Engine = "auto",
        memory: int = MEMORY,
    ) -> None:
        self.place, self.spec, self.memory = str(place), spec or WindowSpec(), memory
        reader = DatasetReader(self.place)
        for name in self.spec.names:
            if layout.stored_name(name) not in reader.names:
                raise UnknownNameError("array", name, reader.names)
        self.rows = Rows.of(reader.ends, select(reader, episodes, predicate=predicate))
        self._first, self._ends = self._anchors()
        self.slots = {name: _used_slots(reader, name, self.rows) for name in layout.RAGGED if name in self.spec.names}
        self._reads = RowReader(self.place, engine=engine)
        self._open: _Opened | None = _Opened.of(reader, self)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": None}

    @property
    def reader(self) -> DatasetReader:
        """The dataset, opened in this process."""
        return self._opened.reader

    @property
    def episodes(self) -> Ints:
        """Indices (episodes,) of the selected episodes."""
        return self.rows.episodes

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> Sample:
        return self.__getitems__([index])[0]

    def __iter__(self) -> Iterator[Sample]:
        return (self[k] for k in range(len(self)))

    def __getitems__(self, indices: Sequence[int]) -> list[Sample]:
        """The samples of a batch, read together; PyTorch's loaders call this."""
        opened = self._opened
        views = [self._view(int(index)) for index in indices]
        lazy = [name for name in self.spec.names if name not in opened.small]
        asks: list[Ask] = [view.ask(name) for view in views for name in lazy]
        fetched = iter(self._reads.read(asks) if asks else [])
        return [self._sample(opened, view, {name: next(fetched) for name in lazy}) for view in views]

    def statistics(self, *names: str) -> dict[str, Statistics]:
        """Statistics of arrays (default: all of the windows') over the selected episodes, as wide as here."""
        found = {name: statistics_of(self.reader, name, self.rows) for name in names or self.spec.names}
        return {name: s.first(self.slots[name]) if name in self.slots else s for name, s in found.items()}

    def _anchors(self) -> tuple[int, Ints]:
        """First step of an episode that has a window, and where each episode's windows end among all."""
        first, last = 0, self.rows.lengths
        if self.spec.pad == "none":
            first = max(self.spec.obs_horizon - 1, -self.spec.action_start, 0)
            last = last - max(self.spec.action_start + self.spec.action_horizon - 1, 0)
        ends = np.cumsum(np.maximum(last - first, 0))
        if not ends[-1]:
            raise DatasetError(
                f"No episode is long enough for a window of {self.spec.obs_horizon} observations and "
                f"{self.spec.action_horizon} actions without padding: the longest has {self.rows.lengths.max()} rows."
            )
        return first, ends

    def _view(self, index: int) -> _View:
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(f"There are windows 0 to {len(self) - 1}, not {index}.")
        row = int(np.searchsorted(self._ends, index, side="right"))
        step = index - (int(self._ends[row - 1]) if row else 0) + self._first
        return _View(self.rows, self.spec, row, step)

    def _sample(self, opened: _Opened, view: _View, fetched: dict[str, NDArray[Any]]) -> Sample:
        spec, (seen, unseen), (acted, beyond) = self.spec, view.observed, view.acted

        def values(name: str, steps: Ints) -> NDArray[Any]:
            if name in opened.small:
                return self._own(name, opened.small[name][view.offset + steps])
            return self._own(name, _taken(fetched[name], steps - view.first(name)))

        sample: Sample = {
            "obs": {name: values(name, seen) for name in spec.observations},
            "action": values(spec.action, acted),
            "obs_is_pad": unseen,
            "action_is_pad": beyond,
            "instruction": opened.instructions[view.row],
            "episode": int(self.episodes[view.row]),
            "step": view.step,
        }
        return sample | ({"future": {name: values(name, acted) for name in spec.future}} if spec.future else {})

    def _own(self, name: str, block: NDArray[Any]) -> NDArray[Any]:
        """Without the slots that no selected episode uses, the unused rest filled."""
        if name in self.slots:
            block = block[:, : self.slots[name]]
            if self.spec.fill is not None:
                block = np.where(np.isnan(block), np.asarray(self.spec.fill, block.dtype), block)
        return np.ascontiguousarray(block)

    @property
    def _opened(self) -> _Opened:
        if self._open is None or self._open.process != os.getpid():
            small = {} if self._open is None else self._open.small
            self._open = _Opened.of(DatasetReader(self.place), self, small=small)
        return self._open


@dataclass(frozen=True, eq=False)
class _Opened:
    """What a process holds of the dataset; a forked one goes on with its parent's arrays."""

    process: int
    reader: DatasetReader
    small: dict[str, NDArray[Any]]
    instructions: list[str]

    @staticmethod
    def of(reader: DatasetReader, windows: Windows, *, small: dict[str, NDArray[Any]] | None = None) -> _Opened:
        rows, names = windows.rows, windows.spec.names
        held = small or load_small(reader, names, rows, budget=windows.memory)
        told = [str(text) for text in reader.column("episode_instruction")[rows.episodes]]
        return _Opened(os.getpid(), reader, held, told)


@dataclass(frozen=True, eq=False)
class _View:
    """One window: its episode (number ``row`` of the selected ones) and the current step."""

    rows: Rows
    spec: WindowSpec
    row: int
    step: int

    @property
    def offset(self) -> int:
        """First row of the episode among the selected rows."""
        return int(self.rows.offsets[self.row])

    @cached_property
    def observed(self) -> tuple[Ints, NDArray[np.bool_]]:
        """Steps of the observations within the episode, and which of them are repeated."""
        return self._inside(np.arange(self.step - self.spec.obs_horizon + 1, self.step + 1))

    @cached_property
    def acted(self) -> tuple[Ints, NDArray[np.bool_]]:
        """Steps of the actions within the episode, and which of them are repeated."""
        first = self.step + self.spec.action_start
        return self._inside(np.arange(first, first + self.spec.action_horizon))

    def first(self, name: str) -> int:
        """The first step that array ``name`` is needed at."""
        return min(int(steps[0]) for steps in self._needed(name))

    def ask(self, name: str) -> Ask:
        """All the steps that array ``name`` is needed at, as rows of the store."""
        start, end = int(self.rows.starts[self.row]), max(int(steps[-1]) for steps in self._needed(name)) + 1
        return f"{layout.DATA}/{layout.stored_name(name)}", start + self.first(name), start + end

    def _needed(self, name: str) -> list[Ints]:
        acted = name == self.spec.action or name in self.spec.future
        return [self.observed[0]] * (name in self.spec.observations) + [self.acted[0]] * acted

    def _inside(self, steps: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        inside = np.clip(steps, 0, int(self.rows.lengths[self.row]) - 1)
        return inside, inside != steps


def _taken(block: NDArray[Any], steps: Ints) -> NDArray[Any]:
    """The rows ``steps``, ascending, of what was fetched; not copied unless some repeat, for images are large."""
    first, end = int(steps[0]), int(steps[-1]) + 1
    return block[first:end] if end - first == len(steps) else block[steps]


def _used_slots(reader: DatasetReader, name: str, rows: Rows) -> int:
    """How many columns of a ragged array any of the selected episodes uses."""
    final = reader.column(f"final_{name}")[rows.episodes]
    used = ~np.isnan(final.reshape(*final.shape[:2], -1)[:, :, 0])
    return int(np.flatnonzero(used.any(axis=0)).max(initial=-1)) + 1
