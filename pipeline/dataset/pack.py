"""Packing: the episodes of parts are appended to a dataset, in commits that happen whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from pipeline.core.errors import DatasetError, OutputError
from pipeline.core.robot import RobotSpec
from pipeline.dataset import layout, stats
from pipeline.dataset.access import array_at
from pipeline.dataset.atomic import explained
from pipeline.dataset.attrs import DatasetMeta, check_same_maker, created, grown
from pipeline.dataset.batch import Batch, Source
from pipeline.dataset.commit import Commit
from pipeline.dataset.data_arrays import data_arrays
from pipeline.dataset.fitting import check_fit, dimensions_of
from pipeline.dataset.journal import Staging, pending, recover
from pipeline.dataset.lock import writer_lock
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.rootfile import ROOT_FILE
from pipeline.dataset.splits import SPLITS
from pipeline.dataset.writers import wait_for_writers

COMMIT_SHARDS = 4
"""Whole shards of the largest array that a commit adds: the last, partial one is written again by the next commit."""


def pack(parts: Sequence[Path], out: Path, *, meta: DatasetMeta, commit_rows: int | None = None) -> None:
    """Append the episodes of ``parts``, in that order, to the dataset ``out``, which is created if there is none.

    Episodes that it already holds are left alone, so a call that was cut short is finished by the same call again, and
    the contents are then those of one undisturbed call, byte for byte. ``commit_rows`` is the least number of frames a
    commit (by default a few shards'); it changes nothing but what a crash costs. Raises :class:`DatasetError` for parts
    that do not fit together or hold an episode twice, :class:`DatasetLockedError` when another process is writing it,
    :class:`OutputError` when ``out`` is not writable, is full, or is something other than a dataset.
    """
    with Packer(out, meta, commit_rows=commit_rows) as packer:
        packer.add(parts)
        packer.finish()


class Packer:
    """The one writer of a dataset, from entering the context to leaving it."""

    def __init__(self, out: Path, meta: DatasetMeta, *, commit_rows: int | None = None) -> None:
        self.out, self.meta = out, meta
        self._commit_rows = commit_rows
        self._staging = Staging(out)
        self._reader: DatasetReader | None = None
        self._dims: layout.Dimensions | None = None
        self._ids: set[str] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Packer:
        _refuse_strangers(self.out)
        self._stack.enter_context(writer_lock(self.out))
        try:
            with self._guarded():
                recover(self.out)
                self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def episodes(self) -> int:
        """Number of episodes that are committed."""
        return len(self._ids)

    @property
    def ids(self) -> frozenset[str]:
        """Their ids."""
        return frozenset(self._ids)

    def add(self, parts: Sequence[Path]) -> None:
        """Append the episodes of ``parts`` that are not there yet, in one or more commits."""
        sources = self._sources(parts)
        if not sources:
            if self._reader is None:
                raise DatasetError("There are no episodes to pack: every part is empty. See why the attempts failed.")
            return
        self.append(sources)

    def append(self, sources: Sequence[Source]) -> None:
        """Append the wanted episodes of ``sources``, none of them empty, in one or more commits."""
        dims = self._dims or dimensions_of(
            sources, object_slots=self.meta.object_slots, joint_slots=self.meta.joint_slots
        )
        for source in sources:
            check_fit(dims, source)
        due, rows = list[Source](), self._rows_a_commit(dims)
        for source in sources:
            due.append(source)
            if source is sources[-1] or sum(s.frames for s in due) >= rows:
                self._commit(due, dims)
                due = []

    def finish(self) -> None:
        """Bring the statistics up to date with all episodes."""
        if self._reader is not None and self._reader.attrs["stats_episodes"] != self.episodes:
            with self._guarded():
                self._write_stats(self._reader)

    def _open(self) -> None:
        if not (self.out / ROOT_FILE).is_file():
            return
        self._reader = reader = DatasetReader(self.out)
        check_same_maker(reader.attrs, self.meta)
        self._ids = {str(i) for i in reader.column("episode_id")}
        robot, slots = reader.card(reader.attrs["robot"]["sha256"]), reader.attrs["slots"]
        assert isinstance(robot, RobotSpec)
        cameras = {name: (c["height"], c["width"]) for name, c in reader.attrs["cameras"].items()}
        channels = tuple(reader.attrs["channels"])
        self._dims = layout.Dimensions(robot, cameras, slots["objects"], slots["joints"], channels)

    def _sources(self, parts: Sequence[Path]) -> list[Source]:
        found, given = list[Source](), set[str]()
        for part in parts:
            source = Source.open(part, known=self._ids)
            own = set(source.ids)
            if len(own) < len(source.ids) or given & own:
                twice = sorted(given & own) or sorted(i for i in own if source.ids.count(i) > 1)
                raise DatasetError(f"Episodes {twice} are in the parts twice; list each part once and remove the copy.")
            given |= own
            if len(source.wanted):
                found.append(source)
        return found

    def _rows_a_commit(self, dims: layout.Dimensions) -> int:
        if self._commit_rows is not None:
            return self._commit_rows
        images = [spec.shard_rows for spec in data_arrays(dims).values() if spec.image]
        return COMMIT_SHARDS * max(images) if images else layout.TABLE_SHARD_ROWS

    def _commit(self, sources: Sequence[Source], dims: layout.Dimensions) -> None:
        with self._guarded():
            batch = Batch.of(sources)
            old = self._reader
            attrs = created(self.meta, dims) if old is None else old.attrs
            commit = Commit(self._staging, None if old is None else old.root, dims=dims)
            commit.write(batch, grown(attrs, batch, self.meta), before=(attrs["episodes"], attrs["frames"]))
            self._open()
            assert self._reader is not None
            if self.episodes >= 2 * self._reader.attrs["stats_episodes"]:
                self._write_stats(self._reader)

    def _write_stats(self, reader: DatasetReader) -> None:
        """From the stored rows: a commit of its own, made each time that the episodes have doubled, and at the end."""
        assert self._dims is not None
        train = np.repeat(reader.column("episode_split") == SPLITS.index("train"), np.diff(reader.ends, prepend=0))
        attrs, found = reader.attrs, dict[str, object]()
        for name, spec in data_arrays(self._dims).items():
            if stats.films(spec):
                found[name] = stats.of_histogram(spec, attrs["histograms"][name])
            elif stats.measured(spec):
                found[name] = stats.of_rows(spec, array_at(reader.root, f"{layout.DATA}/{name}"), train)
        self._staging.begin()
        Commit(self._staging, reader.root, dims=self._dims).publish(
            attrs | {"stats": found, "stats_episodes": len(reader)}
        )
        self._open()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Whatever goes wrong, what was prepared is thrown away, unless it is to be finished by the next writer."""
        try:
            yield
        except BaseException as error:
            wait_for_writers()
            half_done = _is_pending(self.out)
            if not half_done:
                self._discard()
            if isinstance(error, OSError) and not isinstance(error, OutputError):
                raise explained(self.out, error) from error
            raise

    def _discard(self) -> None:
        try:
            self._staging.discard()
        except OSError:  # not writable any more: the next writer does it
            return


def _is_pending(out: Path) -> bool:
    try:
        return pending(out) is not None
    except DatasetError:
        return True


def _refuse_strangers(out: Path) -> None:
    if out.exists() and not (out / ROOT_FILE).is_file() and not (out.is_dir() and not any(out.iterdir())):
        if _is_pending(out):
            return
        raise OutputError(f"{str(out)!r} exists and is not a dataset; remove it or choose another place.")
