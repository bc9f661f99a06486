"""Structural checks of a dataset, each finding naming the array and the episode it concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import TaskloomError
from pipeline.dataset import layout
from pipeline.dataset.access import group_at, read
from pipeline.dataset.guard import local_path
from pipeline.dataset.reader import DatasetReader, StoredEpisode
from pipeline.dataset.rootfile import ROOT_FILE, entry, self_consistent

DARKEST_CONTRAST = 8
"""An image whose brightest and darkest values differ by less than this (of 255) shows nothing."""


@dataclass(frozen=True)
class Problem:
    """One finding. ``array`` is its path in the dataset, ``episode`` its index where it concerns one."""

    array: str
    episode: int | None
    message: str

    def __str__(self) -> str:
        where = self.array or "dataset"
        return f"{where}{'' if self.episode is None else f', episode {self.episode}'}: {self.message}"


def verify(place: str | Path) -> list[Problem]:
    """Everything wrong with the structure of a dataset; empty when it is sound. Reads all of it once."""
    try:
        reader = DatasetReader(place)
    except TaskloomError as error:
        return [Problem("", None, str(error))]
    stored, problems = [*_stored(reader)], [*_groups(reader), *_ends(reader)]
    if problems:
        return stored + problems
    episodes = list(reader)
    found = [*stored, *_files(reader, episodes), *_scenes(episodes)]
    return found + [p for name in reader.names for p in _array(reader, name, episodes=episodes)]


def _groups(reader: DatasetReader) -> Iterator[Problem]:
    for name in (layout.DATA, layout.META):
        for child, _ in group_at(reader.root, name).groups():
            yield Problem(f"{name}/{child}", None, "is a group; only arrays belong here")
    total = int(reader.ends[-1])
    for name, array in group_at(reader.root, layout.DATA).arrays():
        if array.shape[0] < total or (array.shape[0] > total and not reader.unfinished):
            yield Problem(f"data/{name}", None, f"has {array.shape[0]} rows, not the {total} of meta/episode_ends")
    for name, array in group_at(reader.root, layout.META).arrays():
        if array.shape[0] < len(reader) or (array.shape[0] > len(reader) and not reader.unfinished):
            yield Problem(f"meta/{name}", None, f"has {array.shape[0]} rows for {len(reader)} episodes")


def _ends(reader: DatasetReader) -> Iterator[Problem]:
    lengths = np.diff(reader.ends, prepend=0)
    for k in np.flatnonzero(lengths < 1):
        yield Problem("meta/episode_ends", int(k), f"must grow, but ends at {reader.ends[k]} after {lengths[k]} rows")
    for k in np.flatnonzero(reader.column("episode_length") != lengths):
        yield Problem("meta/episode_length", int(k), f"differs from the {lengths[k]} rows between the episode's ends")
    tasks = reader.column("episode_task")
    for k in np.flatnonzero((tasks < 0) | (tasks >= len(reader.tasks))):
        yield Problem("meta/episode_task", int(k), f"{tasks[k]} is not one of the {len(reader.tasks)} tasks")


def _stored(reader: DatasetReader) -> Iterator[Problem]:
    """Every file is there, has the size and checksum that the root lists, and there is no other."""
    folder = local_path(reader.place)
    if folder is None:
        return
    root = (folder / ROOT_FILE).read_bytes()
    if not self_consistent(root):
        yield Problem(ROOT_FILE, None, "has changed: it is not what its checksum was taken of")
    allowed = {path: {value[1]} for path, value in reader.attrs["files"].items()}
    for change in reader.unfinished:
        allowed.setdefault(change.path, {""}).update(filter(None, (change.old, change.new)))
    for path, sums in sorted(allowed.items()):
        file = folder / path
        if path != ROOT_FILE and not file.is_file():
            if "" not in sums and not any(c.path == path and c.old is None for c in reader.unfinished):
                yield Problem(path, None, "is missing")
        elif path != ROOT_FILE and entry(file)[1] not in sums:
            yield Problem(path, None, "its sha256 differs from the one listed in the root: changed since packing")
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    for path in sorted(found - allowed.keys() - {ROOT_FILE}):
        yield Problem(path, None, "is not listed in the root: it does not belong here")


def _files(reader: DatasetReader, episodes: Sequence[StoredEpisode]) -> Iterator[Problem]:
    wanted = {
        s for e in episodes for s in (e.record.scene["robot"], *(p["asset"] for p in e.record.scene["placements"]))
    }
    files: set[str] = set()
    for sha in sorted(wanted):
        try:
            files.update(reader.card(sha).files.values())
        except TaskloomError as error:
            yield Problem(f"{layout.ASSETS}/{sha}", None, str(error))
    for sha in sorted(files):
        try:
            reader.blob(sha)
        except TaskloomError as error:
            yield Problem(f"{layout.ASSETS}/{sha}", None, str(error))


def _scenes(episodes: Sequence[StoredEpisode]) -> Iterator[Problem]:
    for episode in episodes:
        try:
            _ = episode.scene
            if episode.record.episode_id(episode.actions) != episode.id:
                yield Problem("data/action", episode.index, "does not belong to meta/episode_id: changed since packing")
            if episode.checksum != episode.record.trace_sha256:
                yield Problem("meta/episode_checksum", episode.index, "differs from the one in meta/episode_json")
            yield from _wording(episode)
        except (TaskloomError, ValueError) as error:
            yield Problem("meta/episode_json", episode.index, str(error))


def _wording(episode: StoredEpisode) -> Iterator[Problem]:
    """The wording in the column, in the record and in the scene's draws is one."""
    told, drawn = episode.instruction, episode.scene.draws.get("instruction") or episode.task.instruction
    if told != drawn:
        yield Problem("meta/episode_json", episode.index, f"says {told!r}, its scene {drawn!r}")
    name = "episode_instruction"
    if str(episode.reader.column(name)[episode.index]) != told:
        yield Problem(f"meta/{name}", episode.index, "differs from the one in meta/episode_json")


def _array(reader: DatasetReader, name: str, *, episodes: Sequence[StoredEpisode]) -> Iterator[Problem]:
    """Stream one array episode by episode."""
    path = f"{layout.DATA}/{name}"
    for episode in episodes:
        try:
            block = np.asarray(read(reader.root, path, episode.rows))
        except TaskloomError as error:
            yield Problem(path, episode.index, str(error))
            return
        for message in _contents(name, block, episode):
            yield Problem(path, episode.index, message)


def _contents(name: str, block: NDArray[Any], episode: StoredEpisode) -> Iterator[str]:
    if block.dtype.kind == "f":
        yield from _numbers(name, block, episode)
    if name in _CHECKS:
        yield from _CHECKS[name](block, episode)
    if name.startswith("rgb_"):
        yield from _images(block)


def _numbers(name: str, block: NDArray[Any], episode: StoredEpisode) -> Iterator[str]:
    own = block
    if name in layout.RAGGED:
        width = len(episode.record.bodies if name == "object_pose" else episode.record.joints)
        own = block[:, :width]
        if not np.isnan(block[:, width:]).all():
            yield f"columns from {width} on must be NaN: the episode has only {width}"
    bad = ~np.isfinite(own).reshape(len(own), -1).all(axis=1)
    if bad.any():
        yield f"NaN or infinite in {int(bad.sum())} frames, first {int(np.argmax(bad))}"
    elif name in ("object_pose", "ee_pose") and np.abs(np.linalg.norm(own[..., 3:], axis=-1) - 1).max(initial=0) > 1e-3:
        yield "holds quaternions whose length is not 1"


def _flags(*, first: bool) -> Callable[[NDArray[Any], StoredEpisode], Iterator[str]]:
    def check(block: NDArray[Any], episode: StoredEpisode) -> Iterator[str]:
        wanted = np.arange(len(block)) == (0 if first else len(block) - 1)
        if (block != wanted).any():
            yield f"must be true on the {'first' if first else 'last'} of its {len(block)} frames and nowhere else"

    return check


def _terminal(block: NDArray[Any], episode: StoredEpisode) -> Iterator[str]:
    wanted = (np.arange(len(block)) == len(block) - 1) & episode.record.outcome.success
    if (block != wanted).any():
        yield "must be true on the last frame of a success and nowhere else"


def _timestamps(block: NDArray[Any], episode: StoredEpisode) -> Iterator[str]:
    hz = episode.scene.physics.control_hz
    off = np.abs(block - np.arange(len(block)) / hz)
    if off.max() > 1e-6:
        yield f"frame {int(np.argmax(off > 1e-6))} is not at the control rate of {hz} Hz"


def _stages(block: NDArray[Any], episode: StoredEpisode) -> Iterator[str]:
    stages = episode.stage_names
    if stages and block.max() >= len(stages):
        yield f"holds stage {block.max()}, but stage_names has {len(stages)}"


def _progress(block: NDArray[Any], episode: StoredEpisode) -> Iterator[str]:
    if block.min() < 0 or block.max() > 1:
        yield f"must lie in [0, 1], spans {block.min()} to {block.max()}"


def _success(block: NDArray[Any], episode: StoredEpisode) -> Iterator[str]:
    if (block != (episode.arrays["progress"] == 1)).any():
        yield "must be true exactly where data/progress is 1"


def _images(block: NDArray[np.uint8]) -> Iterator[str]:
    pixels = block.reshape(len(block), -1)
    contrast = pixels.max(axis=1).astype(int) - pixels.min(axis=1)
    flat = contrast < DARKEST_CONTRAST
    if flat.any():
        k = int(np.argmax(flat))
        yield f"{int(flat.sum())} images are of one colour, first frame {k} (value {pixels[k].max()})"
    elif len(block) > 2 and (block == block[0]).all():
        yield f"all {len(block)} images are the same: the camera is frozen"


_CHECKS: dict[str, Callable[[NDArray[Any], StoredEpisode], Iterator[str]]] = {
    "is_first": _flags(first=True),
    "is_last": _flags(first=False),
    "is_terminal": _terminal,
    "timestamp": _timestamps,
    "stage": _stages,
    "progress": _progress,
    "success": _success,
}
