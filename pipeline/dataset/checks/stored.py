"""The episodes of a dataset as they are stored, a bounded number of rows at a time, each array read once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import TaskloomError
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec
from pipeline.dataset import layout
from pipeline.dataset.access import array_at, read
from pipeline.dataset.checks.problem import Problem
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.record import Record, with_cards

BLOCK_BYTES = 48 * 2**20
"""Most bytes of one array that are held at a time, unless one episode has more."""


@dataclass(frozen=True, eq=False)
class Stored:
    """An episode: its record and scene, and its rows of ``data/`` at full width, without what cannot be read."""

    reader: DatasetReader
    index: int
    record: Record
    scene: SceneSpec
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """Number of control steps."""
        return int(np.diff(self.reader.ends, prepend=0)[self.index])


def dimensions(reader: DatasetReader) -> layout.Dimensions:
    """What the creation of a dataset fixed; raises :class:`DatasetError`."""
    attrs = reader.attrs
    robot = reader.card(attrs["robot"]["sha256"])
    assert isinstance(robot, RobotSpec)
    cameras = {name: (c["height"], c["width"]) for name, c in attrs["cameras"].items()}
    slots = attrs["slots"]
    return layout.Dimensions(robot, cameras, slots["objects"], slots["joints"], tuple(attrs["channels"]))


def stored(reader: DatasetReader) -> Iterator[tuple[Stored | None, list[Problem]]]:
    """Every episode in order, with what could not be read of it; None when its record cannot."""
    for first, stop in blocks(reader):
        records = _records(reader, first, stop)
        found, arrays = _arrays(reader, first, stop)
        begin = int(reader.ends[first - 1]) if first else 0
        for index in range(first, stop):
            low = (int(reader.ends[index - 1]) if index else 0) - begin
            rows = slice(low, int(reader.ends[index]) - begin)
            own = {n: a[rows] for n, a in arrays.items() if (n, index) not in found}
            problems = [found[n, index] for n in reader.names if (n, index) in found]
            record, scene = records[index - first]
            if scene is None:
                yield None, [*problems, Problem("meta/episode_json", index, str(record))]
            else:
                assert isinstance(record, Record)
                yield Stored(reader, index, record, scene, own), problems


def blocks(reader: DatasetReader) -> Iterator[tuple[int, int]]:
    """Episodes [first, stop) whose rows are read together."""
    widest = max(_row_bytes(reader, name) for name in reader.names)
    most = max(1, BLOCK_BYTES // max(1, widest))
    first = 0
    while first < len(reader):
        begin = int(reader.ends[first - 1]) if first else 0
        stop = int(np.searchsorted(reader.ends, begin + most, side="right"))
        stop = min(max(stop, first + 1), len(reader))
        yield first, stop
        first = stop


def _row_bytes(reader: DatasetReader, name: str) -> int:
    array = array_at(reader.root, f"{layout.DATA}/{name}")
    return int(np.prod(array.shape[1:], dtype=np.int64)) * int(np.dtype(array.dtype).itemsize)


def _records(reader: DatasetReader, first: int, stop: int) -> list[tuple[Record | str, SceneSpec | None]]:
    path = f"{layout.META}/episode_json"
    try:
        texts = [str(t) for t in np.asarray(read(reader.root, path, slice(first, stop)))]
    except TaskloomError:
        texts = [_one_text(reader, path, k) for k in range(first, stop)]
    out: list[tuple[Record | str, SceneSpec | None]] = []
    for text in texts:
        try:
            record = Record.model_validate_json(text)
            out.append((record, with_cards(record.scene, reader.card)))
        except (TaskloomError, ValueError, KeyError, TypeError) as error:
            out.append((str(error), None))
    return out


def _one_text(reader: DatasetReader, path: str, index: int) -> str:
    try:
        return str(np.asarray(read(reader.root, path, slice(index, index + 1)))[0])
    except TaskloomError as error:
        return str(error)


def _arrays(
    reader: DatasetReader, first: int, stop: int
) -> tuple[dict[tuple[str, int], Problem], dict[str, NDArray[Any]]]:
    """The rows of some episodes of every array; where rows cannot be read, which episodes these are."""
    begin, end = int(reader.ends[first - 1]) if first else 0, int(reader.ends[stop - 1])
    found: dict[tuple[str, int], Problem] = {}
    arrays: dict[str, NDArray[Any]] = {}
    for name in reader.names:
        path = f"{layout.DATA}/{name}"
        try:
            arrays[name] = np.asarray(read(reader.root, path, slice(begin, end)))
        except TaskloomError:
            arrays[name], lost = _piecewise(reader, path, first, stop)
            found |= {(name, index): Problem(path, index, text) for index, text in lost.items()}
    return found, arrays


def _piecewise(reader: DatasetReader, path: str, first: int, stop: int) -> tuple[NDArray[Any], dict[int, str]]:
    array = array_at(reader.root, path)
    begin, end = int(reader.ends[first - 1]) if first else 0, int(reader.ends[stop - 1])
    out, lost = np.zeros((end - begin, *array.shape[1:]), array.dtype), dict[int, str]()
    for index in range(first, stop):
        low, high = int(reader.ends[index - 1]) if index else 0, int(reader.ends[index])
        try:
            out[low - begin : high - begin] = read(reader.root, path, slice(low, high))
        except TaskloomError as error:
            lost[index] = str(error)
    return out, lost
