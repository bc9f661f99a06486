"""Sources and batches: the episodes of parts that a dataset does not hold yet, without their frames."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from pipeline.core.errors import DatasetError
from pipeline.dataset import layout
from pipeline.dataset.access import array_at, group_at, read
from pipeline.dataset.append import widen
from pipeline.dataset.blobs import Assets, NewAssets
from pipeline.dataset.columns import Columns, chosen, join_columns, read_columns
from pipeline.dataset.part import open_part

READ_BYTES = 64 * 2**20
"""Most that is read of a part at once."""


@dataclass(frozen=True, eq=False)
class Source:
    """A part, and which of its episodes are wanted (indices, ascending)."""

    path: Path
    root: zarr.Group
    ids: tuple[str, ...]
    ends: NDArray[np.int64]
    wanted: NDArray[np.intp]

    @staticmethod
    def open(path: Path, *, known: Collection[str] = ()) -> Source:
        """The part at ``path`` without the episodes whose ids are ``known``; raises :class:`DatasetError`."""
        root = open_part(path)
        ends = np.asarray(read(root, f"{layout.META}/{layout.COMMIT_MARKER}", slice(None)), np.int64)
        ids = read(root, f"{layout.META}/episode_id", slice(None)) if len(ends) else ()
        names = tuple(str(i) for i in np.asarray(ids))
        wanted = np.array([k for k, name in enumerate(names) if name not in known], np.intp)
        return Source(path, root, names, ends, wanted)

    @property
    def attrs(self) -> dict[str, Any]:
        """The part's attributes."""
        return dict(self.root.attrs)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Frames of each wanted episode."""
        return np.diff(self.ends, prepend=0)[self.wanted]

    @property
    def frames(self) -> int:
        """Frames of all wanted episodes."""
        return int(self.lengths.sum())

    def columns(self) -> Columns:
        """The rows of ``meta/`` of the wanted episodes."""
        columns = read_columns(group_at(self.root, layout.META))
        del columns[layout.COMMIT_MARKER]
        return chosen(columns, self.wanted)

    def blocks(self, spec: layout.ArraySpec) -> Iterator[NDArray[Any]]:
        """The wanted frames of an array, as wide as ``spec``, a bounded number at a time."""
        path = f"{layout.DATA}/{spec.name}"
        step = max(1, READ_BYTES // spec.row_bytes)
        if array_at(self.root, path).shape[0] != (self.ends[-1] if len(self.ends) else 0):
            raise DatasetError(f"{path!r} of {str(self.path)!r} has another length than its episodes; write it again.")
        for start, stop in self._runs():
            for first in range(start, stop, step):
                block = np.asarray(read(self.root, path, slice(first, min(first + step, stop))))
                yield widen(block, spec.row) if spec.name in layout.RAGGED else block

    def _runs(self) -> Iterator[tuple[int, int]]:
        """Frames [start, stop) of wanted episodes that follow each other."""
        starts = np.concatenate([[0], self.ends[:-1]])
        for run in np.split(self.wanted, np.flatnonzero(np.diff(self.wanted) > 1) + 1):
            if len(run):
                yield int(starts[run[0]]), int(self.ends[run[-1]])


@dataclass(frozen=True, eq=False)
class Batch:
    """The episodes of one commit in order: their columns and records, and where their frames and files are."""

    sources: Sequence[Source]
    columns: Columns
    records: list[dict[str, Any]]

    @staticmethod
    def of(sources: Sequence[Source]) -> Batch:
        """Everything that is wanted of ``sources``, of which none may be empty."""
        columns = join_columns([s.columns() for s in sources])
        return Batch(sources, columns, [json.loads(str(text)) for text in columns["episode_json"]])

    def __len__(self) -> int:
        return len(self.records)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Frames of each episode."""
        return np.asarray(self.columns["episode_length"], np.int64)

    @cached_property
    def _assets(self) -> list[Assets]:
        return [Assets(s.root) for s in self.sources]

    def content(self, sha: str) -> bytes:
        """A file or card that some part holds; raises :class:`DatasetError`."""
        holder = next((assets for assets in self._assets if sha in assets), None)
        if holder is None:
            raise DatasetError(f"No part holds {sha!r}, which an episode uses; remove the parts and write them again.")
        return holder.read(sha)

    @cached_property
    def cards(self) -> dict[str, dict[str, Any]]:
        """The JSON of every robot and asset by its SHA-256, in the order in which the episodes name them."""
        names = dict.fromkeys(sha for record in self.records for sha in cards_of_record(record))
        return {sha: json.loads(self.content(sha)) for sha in names}

    def new_assets(self, known: Assets | None) -> NewAssets:
        """The cards and files that are not ``known``: each card, then its files by name."""
        new = NewAssets(known or ())
        robots = {record["scene"]["robot"] for record in self.records}
        for sha, card in self.cards.items():
            if sha not in new:
                new.add(self.content(sha), "robot" if sha in robots else "asset")
            for _, file in sorted(card["files"].items()):
                if file not in new:
                    new.add(self.content(file))
        return new

    def blocks(self, spec: layout.ArraySpec) -> Iterator[NDArray[Any]]:
        """The frames of an array, part after part."""
        for source in self.sources:
            yield from source.blocks(spec)


def cards_of_record(record: dict[str, Any]) -> list[str]:
    """The SHA-256 of the robot's card and of every asset's of one episode's record."""
    scene = record["scene"]
    return [scene["robot"], *(p["asset"] for p in scene["placements"])]
