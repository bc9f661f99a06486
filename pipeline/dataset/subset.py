"""Some of the episodes of one or more datasets as a new dataset: streamed, with their splits, files and statistics."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import DatasetError, OutputError
from pipeline.dataset import layout
from pipeline.dataset.access import read
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.batch import Source
from pipeline.dataset.columns import TEXT, Columns
from pipeline.dataset.lock import writer_lock
from pipeline.dataset.pack import Packer
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.transfer.remote import redacted

COMMIT_ROWS, COMMIT_EPISODES = 2**16, 512
"""Most rows and episodes that are written in one commit: what memory holds, and what an interruption costs."""
BESIDE = ".building"
Heard = Callable[[int, int], None]
"""Told of episodes that were written since the last call, and of how many there will be."""


@dataclass(frozen=True, eq=False)
class DatasetSource(Source):
    """Episodes of a dataset as the packer takes them; ``cameras`` and ``channels`` are those that go on."""

    reader: DatasetReader = field(kw_only=True)
    cameras: tuple[str, ...] = field(kw_only=True)
    channels: tuple[str, ...] = field(kw_only=True)

    @property
    def attrs(self) -> dict[str, Any]:
        """As a part says it."""
        attrs = self.reader.attrs
        sizes = {name: (c["height"], c["width"]) for name, c in attrs["cameras"].items() if name in self.cameras}
        return {
            "robot": attrs["robot"]["sha256"],
            "cameras": sizes,
            "channels": list(self.channels),
            "bodies": attrs["slots"]["objects"],
            "joints": attrs["slots"]["joints"],
        }

    def columns(self) -> Columns:
        """The rows of ``meta/`` of the wanted episodes, with the split that each has; nothing else is read."""
        out: Columns = {}
        for name in self.reader.attrs["arrays"]["meta"]:
            if name in (layout.COMMIT_MARKER, "episode_task"):
                continue
            path = f"{layout.META}/{name}"
            blocks = [np.asarray(read(self.root, path, slice(a, b))) for a, b in _runs(self.wanted)]
            rows = np.concatenate(blocks)
            out[name] = [str(v) for v in rows] if name in TEXT else rows
        return out


@dataclass(frozen=True, eq=False)
class Selected:
    """A dataset, which of its episodes (ascending indices), and which of its pictures."""

    reader: DatasetReader
    episodes: NDArray[np.int64]
    cameras: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None

    def sources(self, known: Collection[str]) -> Iterator[DatasetSource]:
        """The episodes whose ids are not ``known``, a bounded number at a time."""
        ids = tuple(str(i) for i in self.reader.column("episode_id"))
        lengths = np.diff(self.reader.ends, prepend=0)
        left = np.array([k for k in self.episodes if ids[k] not in known], np.int64)
        for some in _portions(left, lengths):
            yield DatasetSource(
                Path(redacted(self.reader.place)),
                self.reader.root,
                ids,
                self.reader.ends,
                some,
                reader=self.reader,
                cameras=tuple(self.reader.attrs["cameras"]) if self.cameras is None else self.cameras,
                channels=tuple(self.reader.attrs["channels"]) if self.channels is None else self.channels,
            )


def write_selected(
    chosen: Sequence[Selected], out: Path, *, meta: DatasetMeta, resume: bool = False, heard: Heard | None = None
) -> int:
    """Write the chosen episodes as the new dataset ``out``, which appears whole; returns their number.

    It is built beside its place; ``resume`` goes on with what a call for the same that was cut short has written.
    Raises :class:`OutputError` when there is something at ``out``, :class:`DatasetError` when an episode is in two.
    """
    with building(out, resume=resume) as beside:
        fill(chosen, beside, meta=meta, heard=heard)
        return len(DatasetReader(beside))


def fill(chosen: Sequence[Selected], out: Path, *, meta: DatasetMeta, heard: Heard | None = None) -> None:
    """Append the chosen episodes that ``out`` does not hold yet, each commit whole."""
    total = sum(len(c.episodes) for c in chosen)
    if not total:
        raise DatasetError("No episode is left to write; ask for less.")
    _refuse_twins(chosen)
    with Packer(out, meta, commit_rows=1) as packer:
        if heard is not None:
            heard(packer.episodes, total)
        for selected in chosen:
            for source in selected.sources(packer.ids):
                packer.append([source])
                if heard is not None:
                    heard(len(source.wanted), total)
        packer.finish()


@contextmanager
def building(out: Path, *, resume: bool = False) -> Iterator[Path]:
    """A place beside ``out`` to write a dataset at; on leaving it is renamed to ``out``. For one process at a time."""
    beside = out.with_name(out.name + BESIDE)
    with writer_lock(out):
        if out.exists():
            raise OutputError(f"{str(out)!r} exists; choose another place, or remove it first.")
        if beside.exists() and not resume:
            shutil.rmtree(beside)
        yield beside
        beside.rename(out)


def meta_of(
    readers: Sequence[DatasetReader], command: Mapping[str, Any], *, name: str | None = None, licence: str | None = None
) -> DatasetMeta:
    """What a dataset that is made of others says of itself: the command, and what these say of themselves."""
    first = readers[0].attrs
    origin = [
        {"name": r.attrs["name"], "sha256": r.attrs.get("sha256"), "generators": r.attrs["generators"]} for r in readers
    ]
    return DatasetMeta(
        name=name or first["name"],
        license=licence or first["license"],
        created=first["created"],
        generator={"package": "taskloom", "command": dict(command), "from": origin},
        val_fraction=first["val_fraction"],
        object_slots=max(r.attrs["slots"]["objects"] for r in readers),
        joint_slots=max(r.attrs["slots"]["joints"] for r in readers),
    )


def pictures(reader: DatasetReader, keys: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The cameras and channels of which ``keys`` (``rgb_front``, ``depth_*``, ...) keep the pictures.

    Raises :class:`DatasetError` unless every camera keeps the same channels: a dataset has all of them of all cameras.
    """
    attrs = reader.attrs
    every = {(camera, channel): f"{channel}_{camera}" for camera in attrs["cameras"] for channel in attrs["channels"]}
    for key in keys:
        if not any(fnmatchcase(name, key) for name in every.values()):
            raise DatasetError(f"No pictures are named {key!r}; there are {', '.join(sorted(every.values()))}.")
    kept = {pair for pair, name in every.items() if any(fnmatchcase(name, key) for key in keys)}
    cameras = tuple(c for c in attrs["cameras"] if any(c == camera for camera, _ in kept))
    channels = tuple(c for c in attrs["channels"] if any(c == channel for _, channel in kept))
    if len(kept) != len(cameras) * len(channels):
        raise DatasetError(
            f"Keys {list(keys)} keep other channels of one camera than of another; keep the same of all."
        )
    return cameras, channels


def _refuse_twins(chosen: Sequence[Selected]) -> None:
    seen: dict[str, str] = {}
    for selected in chosen:
        ids = selected.reader.column("episode_id")
        place = redacted(selected.reader.place)
        for k in selected.episodes:
            other = seen.setdefault(str(ids[k]), place)
            if other is not place:
                raise DatasetError(
                    f"Episode {ids[k]} is in {other!r} and in {place!r}; leave it out of one (taskloom dataset filter)."
                )


def _portions(left: NDArray[np.int64], lengths: NDArray[np.int64]) -> Iterator[NDArray[np.intp]]:
    start = 0
    while start < len(left):
        rows = np.cumsum(lengths[left[start : start + COMMIT_EPISODES]])
        count = max(1, int(np.searchsorted(rows, COMMIT_ROWS, side="right")))
        yield left[start : start + count].astype(np.intp)
        start += count


def _runs(numbers: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    for run in np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1):
        yield int(run[0]), int(run[-1]) + 1
