"""Files of a dataset against what its root lists, and which rows and episodes a damaged one takes with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import AssetError, DatasetError
from pipeline.dataset import layout
from pipeline.dataset.access import array_at, read
from pipeline.dataset.checks.problem import Heard, Problem
from pipeline.dataset.guard import local_path
from pipeline.dataset.journal import pending
from pipeline.dataset.metadata import check_attributes, parsed
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.rootfile import ROOT_FILE, Manifest, entry, self_consistent
from pipeline.dataset.transfer.remote import Remote, redacted

SHARDS = "/c/"
Spans = tuple[tuple[int, int], ...]
"""Rows [start, stop), ascending."""


@dataclass(frozen=True)
class Damage:
    """A file that is not what the root lists. ``rows`` of ``array`` cannot be read; () is none, None unknown."""

    file: str
    message: str
    array: str = ""
    rows: Spans | None = None
    episodes: tuple[int, ...] | None = None

    def problem(self, count: int) -> Problem:
        """As a finding; what hits all of ``count`` episodes names them all."""
        episodes = tuple(range(count)) if self.episodes is None else self.episodes
        return Problem(self.array, None, self.message, file=self.file, episodes=episodes)


class Files:
    """The files of a dataset, in a folder or at a URL."""

    def __init__(self, place: str) -> None:
        self.place = redacted(place)
        self._folder = local_path(place)
        self._remote = None if self._folder is not None else Remote(place)

    def root(self) -> bytes | None:
        """The root file."""
        if self._folder is None:
            assert self._remote is not None
            return self._remote.read(ROOT_FILE)
        file = self._folder / ROOT_FILE
        return file.read_bytes() if file.is_file() else None

    def size(self, path: str) -> int | None:
        """Bytes of a file; None when there is none."""
        if self._folder is not None:
            file = self._folder / path
            return file.stat().st_size if file.is_file() else None
        assert self._remote is not None
        state = self._remote.state(path)
        return None if state is None else state[0]

    def sha256(self, path: str, size: int) -> str:
        """Of the contents."""
        if self._folder is not None:
            return str(entry(self._folder / path)[1])
        assert self._remote is not None
        return self._remote.digest(path, size=size)

    def names(self) -> list[str]:
        """Every file there is."""
        if self._folder is not None:
            return sorted(p.relative_to(self._folder).as_posix() for p in self._folder.rglob("*") if p.is_file())
        return []

    def allowed(self, manifest: Manifest) -> dict[str, dict[str, int]]:
        """Every SHA-256 that a file may have, with its size: two while a commit is unfinished; "" is no file."""
        out = {path: {str(sha): int(size)} for path, (size, sha) in manifest.items()}
        journal = None if self._folder is None else pending(Path(self._folder))
        for change in () if journal is None else journal.changes:
            may = out.setdefault(change.path, {})
            may[change.new] = change.size
            may[change.old or ""] = -1
        return out


def root_of(files: Files) -> tuple[dict[str, Any], Problem | None]:
    """The root attributes, empty when they cannot be read at all, and what is wrong with the root."""
    content = files.root()
    if content is None:
        return {}, None
    try:
        attrs = parsed(content, files.place).get("attributes")
        if not isinstance(attrs, dict) or attrs.get("kind") != "dataset":
            raise DatasetError("is no root of a dataset of ours, or is damaged")
        check_attributes(attrs, files.place)  # no path of it leads out of the folder, either
    except DatasetError as error:
        return {}, Problem("", None, str(error), file=ROOT_FILE)
    if self_consistent(content):
        return attrs, None
    return attrs, Problem(
        "", None, "has changed: it is not what its own sha256 was taken of, so nothing it says is sure", file=ROOT_FILE
    )


def damages(files: Files, manifest: Manifest, *, contents: bool, heard: Heard | None = None) -> Iterator[Damage]:
    """Every file that is missing, changed, or does not belong there; without ``contents`` only sizes are looked at."""
    allowed = files.allowed(manifest)
    total = sum(size for size, _ in manifest.values())
    for path, may in sorted(allowed.items()):
        size = files.size(path)
        if heard is not None:
            heard(size or 0, total)
        if path == ROOT_FILE:
            continue
        if size is None:
            if "" not in may:
                yield Damage(path, "is missing", array_of(path))
        elif size not in may.values() and -1 not in may.values():
            text = f"has {size} bytes, not the {max(may.values())} (and the sha256) of the root: changed since packing"
            yield Damage(path, text, array_of(path))
        elif contents and files.sha256(path, size) not in may:
            text = "its sha256 differs from the one that the root lists: changed since packing"
            yield Damage(path, text, array_of(path))
    for path in files.names():
        if path not in allowed and path != ROOT_FILE:
            yield Damage(path, "is not listed in the root: it does not belong here", "", (), ())


def array_of(path: str) -> str:
    """The array that a file belongs to; "" for the metadata of a group."""
    folder = path.partition(SHARDS)[0].removesuffix(f"/{ROOT_FILE}")
    return folder if "/" in folder else ""


def placed(reader: DatasetReader, damage: Damage) -> Damage:
    """The same damage with the rows and episodes that it hits, as far as the checksums of single chunks tell."""
    if damage.episodes is not None or SHARDS not in damage.file:
        return damage
    try:
        array = array_at(reader.root, damage.array)
    except KeyError:
        return damage
    shard = array.shards[0] if array.shards else array.chunks[0]
    first = int(damage.file.partition(SHARDS)[2].split("/")[0]) * shard
    stop = min(first + shard, _rows(reader, damage.array))
    rows = tuple(_unreadable(reader, damage.array, first, stop))
    whole = not rows and first < stop
    episodes = _hit(reader, damage.array, ((first, stop),) if whole else rows)
    note = "; every chunk in it can be read all the same" if whole else ""
    return Damage(damage.file, damage.message + note, damage.array, rows, tuple(episodes.tolist()))


def _rows(reader: DatasetReader, array: str) -> int:
    """Rows that count: of committed episodes."""
    group = array.partition("/")[0]
    if group == layout.DATA:
        return int(reader.ends[-1])
    return len(reader) if group == layout.META else array_at(reader.root, array).shape[0]


def _unreadable(reader: DatasetReader, path: str, first: int, stop: int) -> Iterator[tuple[int, int]]:
    """The chunks [start, stop) of some rows that cannot be read, those that follow each other as one."""
    step = array_at(reader.root, path).chunks[0]
    held: tuple[int, int] | None = None
    for start in range(first, stop, step):
        end = min(start + step, stop)
        try:
            read(reader.root, path, slice(start, end))
        except DatasetError:
            held = (held[0] if held else start, end)
            continue
        if held:
            yield held
            held = None
    if held:
        yield held


def _hit(reader: DatasetReader, array: str, rows: Spans) -> NDArray[np.int64]:
    """The episodes to which rows of an array belong; of ``assets/``, those that use what is stored in them."""
    group = array.partition("/")[0]
    hit = np.zeros(len(reader), bool)
    if group == layout.ASSETS:
        return _users(reader, array, rows)
    for start, stop in rows:
        if group == layout.META:
            hit[start:stop] = True
        else:
            first, last = np.searchsorted(reader.ends, [start, stop - 1], side="right")
            hit[first : last + 1] = True
    return np.flatnonzero(hit)


def _users(reader: DatasetReader, array: str, rows: Spans) -> NDArray[np.int64]:
    """The episodes that use what is stored in some rows; bytes are checked by the SHA-256 that is their name."""
    try:
        spans = reader.assets.spans
    except AssetError:  # the index itself is damaged: nothing can be found in it
        return np.arange(len(reader))
    if array == f"{layout.ASSETS}/bytes":
        near = [sha for sha, (a, b) in spans.items() if any(a < stop and b > start for start, stop in rows)]
        bad = {sha for sha in near if not _sound(reader, sha)}
    else:
        bad = {sha for k, sha in enumerate(spans) if any(a <= k < b for a, b in rows)}
    return np.array([e.index for e in reader if bad & needed(reader, e.record.cards)], np.int64)


def _sound(reader: DatasetReader, sha: str) -> bool:
    try:
        reader.blob(sha)
    except AssetError:
        return False
    return True


def needed(reader: DatasetReader, cards: frozenset[str]) -> set[str]:
    """Every content that an episode with these cards needs; a card that cannot be read stands for itself."""
    out = set(cards)
    for sha in cards:
        with suppress(AssetError, ValueError):
            out.update(reader.card(sha).files.values())
    return out
