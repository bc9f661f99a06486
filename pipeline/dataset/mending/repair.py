"""Repair: a damaged dataset as a whole one without the episodes that the damage hits; all others bit for bit.

What can be made again exactly as it was, is: shards of which only bits were hit that carry no data, the metadata of
arrays and groups, the commit mark. The dataset itself is not touched until the repaired one stands beside it.

    <name>.repair/whole     hard links to all sound files, and the files that were made again
    <name>.repair/repaired  the dataset without what is lost, if anything is
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from pipeline.core.errors import DatasetError
from pipeline.core.geometry import Frozen
from pipeline.dataset import layout
from pipeline.dataset.access import DAMAGE, array_at, group_at
from pipeline.dataset.atomic import new_directory
from pipeline.dataset.checks.files import Damage, Files, damages, placed, root_of
from pipeline.dataset.journal import recover
from pipeline.dataset.lock import writer_lock
from pipeline.dataset.mending.heal import dims_of, healed
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.rootfile import ROOT_FILE
from pipeline.dataset.subset import Heard, Selected, fill, meta_of


class Dropped(Frozen):
    """An episode that was lost, and what took it."""

    episode: int = Field(description="its index before the repair")
    id: str
    reasons: tuple[str, ...]


class Repair(Frozen):
    """What a repair did, or would do."""

    kept: int = Field(description="episodes")
    dropped: tuple[Dropped, ...] = ()
    healed: tuple[str, ...] = Field(default=(), description="files that were made again exactly as they were")
    removed: tuple[str, ...] = Field(default=(), description="files that did not belong there")
    notes: tuple[str, ...] = ()

    @property
    def needed(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.dropped or self.healed or self.removed or self.notes)


def repair(dataset: Path, *, dry: bool = False, heard: Heard | None = None) -> Repair:
    """Put a sound dataset in the place of a damaged one; ``dry`` only says what would be done.

    Raises :class:`DatasetError` when nothing can be saved: the root cannot be read, or no episode is whole.
    """
    folder = dataset.with_name(dataset.name + ".repair")
    with writer_lock(dataset):
        recover(dataset)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            return _Repair(dataset, folder, heard=heard).run(dry=dry)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class _Repair:
    def __init__(self, dataset: Path, folder: Path, *, heard: Heard | None) -> None:
        self.dataset, self.whole, self.built = dataset, folder / "whole", folder / "repaired"
        self._heard = heard
        self.attrs, root = root_of(Files(str(dataset)))
        if not self.attrs:
            raise DatasetError(
                f"{str(dataset)!r} cannot be repaired: its {ROOT_FILE} cannot be read. Take that file from a copy, or "
                "pack the parts again."
            )
        self.notes = [] if root is None else [f"{ROOT_FILE} {root.message}: check name, licence and creation"]

    def run(self, *, dry: bool) -> Repair:
        found = list(damages(Files(str(self.dataset)), self.attrs["files"], contents=True))
        foreign = [d for d in found if d.file not in self.attrs["files"]]
        bad = [d for d in found if d.file in self.attrs["files"]]
        self._link({d.file for d in foreign})
        mended = self._heal(bad)
        try:
            reader = DatasetReader(self.whole)
        except (DatasetError, *DAMAGE) as error:
            raise DatasetError(f"{str(self.dataset)!r} cannot be repaired: {error}") from error
        self._beyond(reader)
        lost = self._lost(reader, [d for d in bad if d.file not in mended])
        ids = reader.column("episode_id")
        dropped = tuple(Dropped(episode=k, id=str(ids[k]), reasons=tuple(r)) for k, r in sorted(lost.items()))
        done = Repair(
            kept=len(reader) - len(dropped),
            dropped=dropped,
            healed=tuple(mended),
            removed=tuple(d.file for d in foreign),
            notes=tuple(self.notes),
        )
        if done.needed and not dry:
            self._publish(self._rebuilt(reader, done) if dropped or self.notes else self.whole)
        return done

    def _link(self, left_out: set[str]) -> None:
        for source in sorted(self.dataset.rglob("*")):
            path = source.relative_to(self.dataset).as_posix()
            if source.is_file() and path not in left_out:
                target = self.whole / path
                target.parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(source, target)
                except OSError:
                    shutil.copyfile(source, target)

    def _heal(self, bad: list[Damage]) -> list[str]:
        """Metadata first, for shards cannot be written without."""
        mended = list[str]()
        for damage in sorted(bad, key=lambda d: (not d.file.endswith(ROOT_FILE), not d.file.startswith(layout.ASSETS))):
            sha, dims = str(self.attrs["files"][damage.file][1]), dims_of(self.whole, self.attrs)
            content = healed(self.whole, damage.file, sha, attrs=self.attrs, dims=dims)
            if content is not None:
                place = self.whole / damage.file
                place.unlink(missing_ok=True)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
                mended.append(damage.file)
        return mended

    def _beyond(self, reader: DatasetReader) -> None:
        counted = {layout.DATA: int(reader.ends[-1]), layout.META: len(reader)}
        for group, rows in counted.items():
            longer = {n: a.shape[0] - rows for n, a in group_at(reader.root, group).arrays() if a.shape[0] > rows}
            if longer:
                most = max(longer.values())
                self.notes.append(f"{most} rows beyond the commit mark in {len(longer)} arrays of {group}/ are cut off")

    def _lost(self, reader: DatasetReader, bad: list[Damage]) -> Mapping[int, list[str]]:
        """Episodes that cannot be kept, with what was lost of each."""
        lost: dict[int, list[str]] = {}
        for damage in bad:
            if not damage.array or array_at(reader.root, damage.array) is None:
                raise DatasetError(f"{str(self.dataset)!r} cannot be repaired: {damage.file} {damage.message}.")
            if damage.file.endswith(ROOT_FILE):
                self.notes.append(f"{damage.file} {damage.message}, but can be read; it is written anew")
                continue
            for k in placed(reader, damage).episodes or ():
                lost.setdefault(k, []).append(f"{damage.file} {damage.message}")
        return lost

    def _rebuilt(self, reader: DatasetReader, done: Repair) -> Path:
        good = np.setdiff1d(np.arange(len(reader)), [d.episode for d in done.dropped])
        if not len(good):
            raise DatasetError(f"{str(self.dataset)!r} cannot be repaired: no episode is whole. Pack its parts again.")
        command: dict[str, Any] = {"name": "repair", "dropped": [d.id for d in done.dropped]}
        fill([Selected(reader, good)], self.built, meta=meta_of([reader], command), heard=self._heard)
        return self.built

    def _publish(self, sound: Path) -> None:
        with new_directory(self.dataset) as tmp:
            for child in sound.iterdir():
                child.rename(tmp / child.name)
