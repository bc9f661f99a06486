"""The episodes of an export and its key mapping: what every exporter streams from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.dataset import layout
from pipeline.dataset.access import read
from pipeline.dataset.exporters._episode import Derived, ExportedEpisode, Row
from pipeline.dataset.exporters._keys import Source
from pipeline.dataset.exporters._rate import Rate
from pipeline.dataset.exporters._request import ExportRequest
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.splits import SPLITS

BLOCK_ROWS = 16384  # read at once where only some of them are wanted
ACTION = "action"
"""As a source it stands for the action space that was asked for."""


@dataclass(frozen=True, eq=False)
class Selection:
    """Which episodes of ``reader`` are exported, in this order, and how."""

    reader: DatasetReader
    request: ExportRequest
    rate: Rate
    numbers: NDArray[np.int64]
    """Index in the dataset of each exported episode."""
    keys: dict[str, Source] = field(default_factory=dict)
    derived: Mapping[str, Derived] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[ExportedEpisode]:
        return (ExportedEpisode(self, k) for k in range(len(self)))

    def ordered(self, numbers: NDArray[np.int64]) -> Selection:
        """The same with its episodes in another order."""
        return replace(self, numbers=numbers)

    def with_keys(self, keys: Mapping[str, str]) -> Selection:
        """The same with a key mapping; raises :class:`UnknownNameError` for a source that there is not."""
        parsed = {name: Source.parse(text) for name, text in keys.items()}
        for source in parsed.values():
            for term in source.terms:
                if term.name not in self.sources:
                    raise UnknownNameError("source of a key", term.name, self.sources)
        return replace(self, keys=parsed)

    def with_derived(self, name: str, derived: Derived) -> Selection:
        """The same with one more array to choose from."""
        return replace(self, derived={**self.derived, name: derived})

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Every array that a key may be made of."""
        return tuple(sorted({*self.reader.names, layout.ACTION_DEFAULT, "action_ee_pose_rotvec", *self.derived}))

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Recorded steps of each exported episode."""
        return np.diff(self.reader.ends, prepend=0)[self.numbers]

    @cached_property
    def steps(self) -> NDArray[np.int64]:
        """Steps of each exported episode at the export's rate."""
        return np.asarray(self.rate.steps(self.lengths), np.int64)

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Exclusive end of each exported episode among all exported steps."""
        return np.cumsum(self.steps, dtype=np.int64)

    @cached_property
    def splits(self) -> NDArray[np.uint8]:
        """Index into ``SPLITS`` of each exported episode."""
        return self.reader.column("episode_split")[self.numbers]

    @cached_property
    def tasks(self) -> NDArray[np.int32]:
        """Index into ``reader.tasks`` of each exported episode."""
        return self.reader.column("episode_task")[self.numbers]

    @property
    def hz(self) -> float:
        """Control rate of the export [Hz]."""
        return float(self.rate.hz)

    @property
    def cameras(self) -> tuple[str, ...]:
        """Cameras with RGB images: those fixed in the world first, then by name."""
        known: Any = self.reader.attrs["cameras"]
        with_images = [name for name in known if f"rgb_{name}" in self.reader.names]
        return tuple(sorted(with_images, key=lambda name: (known[name].get("mount") is not None, name)))

    @cached_property
    def rows(self) -> dict[str, Row]:
        """Every exported array's row, as the first episode has it."""
        first = ExportedEpisode(self, 0)
        return {name: self._row(source, first[name]) for name, source in self.keys.items()}

    @cached_property
    def widest(self) -> dict[str, int]:
        """Columns that the fullest selected episode uses, of the arrays whose columns are slots."""
        return {name: self._width(name) for name in sorted(layout.RAGGED & set(self.reader.names))}

    def stored(self, name: str) -> str:
        """The dataset's name for a source."""
        return f"action_{self.request.action}" if name == ACTION else name

    def _row(self, source: Source, values: NDArray[Any]) -> Row:
        return Row(values.dtype, values.shape[1:], self._names(source, values))

    def _names(self, source: Source, values: NDArray[Any]) -> tuple[str, ...] | None:
        if source.text in self.derived:
            return self.derived[source.text].row.names
        if values.ndim > 2 or values.dtype.kind != "f":
            return None
        names: list[str] = []
        for term in source.terms:
            known = self._columns(self.stored(term.name))
            if known is None:
                return None
            chosen = term.columns if term.columns is not None else slice(None)
            names += known[chosen] if isinstance(chosen, slice) else [known[k] for k in chosen]
        return tuple(names) if len(names) == int(np.prod(values.shape[1:], dtype=int)) else None

    def _columns(self, name: str) -> list[str] | None:
        """The names of an array's columns, slots numbered."""
        if name in self.derived:
            found = self.derived[name].row.names
            return None if found is None else list(found)
        if name == "action_ee_pose_rotvec":
            return ["x", "y", "z", "rx", "ry", "rz", "gripper_width"]
        attrs: Any = self.reader.root[f"{layout.DATA}/{layout.stored_name(name)}"].attrs
        known = attrs.get("names")
        if name in layout.RAGGED:
            return [f"{name}_{k}{'_' + c if c else ''}" for k in range(self.widest[name]) for c in known or [""]]
        return None if known is None else [str(c) for c in known]

    def _width(self, name: str) -> int:
        """Read off the first recorded row of each episode, block by block."""
        path, starts = f"{layout.DATA}/{name}", self.reader.ends[self.numbers] - self.lengths
        used = 0
        for begin in range(0, int(self.reader.ends[-1]), BLOCK_ROWS):
            here = starts[(starts >= begin) & (starts < begin + BLOCK_ROWS)] - begin
            if len(here):
                block = np.asarray(read(self.reader.root, path, slice(begin, begin + BLOCK_ROWS)))[here]
                filled = np.flatnonzero(~np.isnan(block).reshape(*block.shape[:2], -1).all(axis=(0, 2)))
                used = max(used, int(filled[-1]) + 1 if len(filled) else 0)
        return used


def select(reader: DatasetReader, request: ExportRequest) -> Selection:
    """The episodes that ``request`` asks for; raises :class:`InvalidInputError` when there are none."""
    chosen = np.ones(len(reader), bool)
    if request.outcome != "all":
        chosen &= reader.column("episode_success") == (request.outcome == "success")
    if request.split != "all":
        chosen &= reader.column("episode_split") == SPLITS.index(request.split)
    if request.tasks:
        names = [task.name for task in reader.tasks]
        for task in request.tasks:
            if task not in names:
                raise UnknownNameError("task", task, names)
        wanted = [k for k, name in enumerate(names) if name in request.tasks]
        chosen &= np.isin(reader.column("episode_task"), wanted)
    numbers = np.flatnonzero(chosen)
    if not len(numbers):
        raise InvalidInputError(
            f"None of the {len(reader)} episodes of {reader.place!r} is chosen by outcome {request.outcome!r}, split "
            f"{request.split!r} and tasks {list(request.tasks) or 'all'}; ask for less."
        )
    return Selection(reader, request, Rate.of(reader.control_hz, request.hz), numbers)
