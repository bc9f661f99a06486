"""One episode of an export: its arrays at the export's rate, under the export's names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core import poses
from pipeline.core.errors import InvalidInputError
from pipeline.dataset.append import widen
from pipeline.dataset.layout import RAGGED
from pipeline.dataset.reader import StoredEpisode
from pipeline.dataset.splits import SPLITS

if TYPE_CHECKING:
    from pipeline.dataset.exporters._selection import Selection


@dataclass(frozen=True)
class Row:
    """Type, shape and, where the dataset tells them, column names of one step of an exported array."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    names: tuple[str, ...] | None = None

    @property
    def image(self) -> bool:
        """Whether a step is an RGB image (height, width, 3) uint8."""
        return self.dtype == np.uint8 and len(self.shape) == 3


@dataclass(frozen=True)
class Segment:
    """A run of steps in one stage, ``first`` to ``last`` inclusive; a name that comes again has its count behind it."""

    name: str
    first: int
    last: int


@dataclass(frozen=True)
class Derived:
    """An array that is made, not read: ``make`` gives its rows (steps, *shape) of an episode at the export's rate."""

    make: Callable[[ExportedEpisode], NDArray[Any]]
    row: Row


@dataclass(frozen=True, eq=False)
class ExportedEpisode:
    """One episode at the export's rate, under the export's names. Arrays are read when asked for and not kept."""

    selection: Selection
    number: int

    @property
    def rows(self) -> slice:
        """Its rows among all exported steps."""
        end = int(self.selection.ends[self.number])
        return slice(end - self.steps, end)

    @property
    def steps(self) -> int:
        """Its length."""
        return int(self.selection.steps[self.number])

    @cached_property
    def stored(self) -> StoredEpisode:
        """The episode in the dataset."""
        return self.selection.reader.episode(int(self.selection.numbers[self.number]))

    @property
    def split(self) -> str:
        """``train`` or ``val``."""
        return SPLITS[int(self.selection.splits[self.number])]

    @cached_property
    def success(self) -> bool:
        """Whether it reached its goal."""
        return bool(self.selection.reader.column("episode_success")[self.stored.index])

    @property
    def segments(self) -> list[Segment]:
        """Its runs of one stage, at the export's rate."""
        stage, names = self.source("stage"), self.stored.stage_names
        cuts = [0, *(np.flatnonzero(np.diff(stage)) + 1).tolist(), len(stage)]
        seen: dict[str, int] = {}
        out: list[Segment] = []
        for first, end in pairwise(cuts):
            index = int(stage[first])
            name = names[index] if index < len(names) else f"stage {index}"
            seen[name] = seen.get(name, 0) + 1
            out.append(Segment(name if seen[name] == 1 else f"{name} ({seen[name]})", first, end - 1))
        return out

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The exported array ``name``, (steps, ...)."""
        return self.selection.keys[name].of(self.source)

    def source(self, name: str) -> NDArray[Any]:
        """The dataset's array ``name`` at the export's rate, (steps, ...)."""
        name = self.selection.stored(name)
        if name in self.selection.derived:
            return self.selection.derived[name].make(self)
        if name == "action_ee_pose_rotvec":
            return _as_rotvec(self.source("action_ee_pose"))
        values = self.selection.rate.resample(name, np.asarray(self.stored.arrays[name]))
        return self._filled(name, values) if name in RAGGED else values

    def _filled(self, name: str, values: NDArray[Any]) -> NDArray[Any]:
        width, fill = self.selection.widest[name], self.selection.request.fill
        missing = width - values.shape[1]
        if missing and fill is None:
            raise InvalidInputError(
                f"Episode {self.stored.index} has {values.shape[1]} columns of {name!r} where another has {width}: "
                "choose fewer columns or tasks alike, or say what fills the gap (fill, e.g. 0)."
            )
        padded = widen(values, (width, *values.shape[2:]))
        return np.nan_to_num(padded, nan=fill) if missing and fill is not None else padded


def _as_rotvec(values: NDArray[Any]) -> NDArray[np.float32]:
    """Poses and width (steps, 8) with the rotation as a vector, (steps, 7) [m; rad; m]."""
    turn = poses.quat_to_rotvec(values[:, 3:7])
    return np.concatenate([values[:, :3], turn, values[:, 7:]], axis=1).astype(np.float32)
