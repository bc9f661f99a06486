"""One commit: the episodes of a batch, and the files that the dataset then has, prepared beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from pipeline.dataset import layout, stats
from pipeline.dataset.access import array_at
from pipeline.dataset.append import Block, append_rows, widen
from pipeline.dataset.attrs import Attrs
from pipeline.dataset.batch import Batch
from pipeline.dataset.blobs import Assets
from pipeline.dataset.data_arrays import data_arrays
from pipeline.dataset.journal import Staging
from pipeline.dataset.meta_arrays import asset_arrays, meta_arrays
from pipeline.dataset.rootfile import ROOT_FILE, Manifest, entry, root_document
from pipeline.dataset.splits import SPLITS


class Commit:
    """A change of the dataset ``old`` as it is now (None: there is none yet), to be prepared in ``staging``."""

    def __init__(self, staging: Staging, old: zarr.Group | None, *, dims: layout.Dimensions) -> None:
        self._staging, self._old, self._dims = staging, old, dims

    def write(self, batch: Batch, attrs: Attrs, *, before: tuple[int, int]) -> Attrs:
        """Append ``batch`` after the ``before`` = (episodes, frames) that are there; returns the attributes as written.

        ``attrs`` are the root attributes that count the batch already.
        """
        episodes, frames = before
        self._staging.begin()
        root = zarr.open_group(self._staging.store, mode="w-", zarr_format=3)
        histograms = self._data(root, batch, frames, attrs["histograms"])
        self._meta(root, batch, episodes, frames)
        self._assets(root, batch)
        return self.publish(attrs | {"histograms": histograms})

    def publish(self, attrs: Attrs) -> Attrs:
        """Commit what is staged together with a root that has these attributes and lists every file."""
        store, listed = self._staging.store, Manifest(attrs["files"])
        old_root = self._staging.dataset / ROOT_FILE
        staged = {str(p.relative_to(store)): entry(p) for p in sorted(store.rglob("*")) if p.is_file()}
        staged = {path: value for path, value in staged.items() if path != ROOT_FILE and listed.get(path) != value}
        attrs = attrs | {"files": dict(sorted((listed | staged).items()))}
        (store / ROOT_FILE).write_bytes(root_document(attrs))
        former = listed | ({ROOT_FILE: entry(old_root)} if old_root.is_file() else {})
        self._staging.commit(staged | {ROOT_FILE: entry(store / ROOT_FILE)}, old=former)
        return attrs

    def _data(
        self, root: zarr.Group, batch: Batch, frames: int, histograms: dict[str, stats.Histogram]
    ) -> dict[str, stats.Histogram]:
        train = np.repeat(np.asarray(batch.columns["episode_split"]) == SPLITS.index("train"), batch.lengths)
        group, found = root.create_group(layout.DATA), dict(histograms)
        for name, spec in data_arrays(self._dims).items():
            count = _Counting(spec, train, found.get(name, []))
            blocks = count.through(batch.blocks(spec)) if stats.films(spec) else batch.blocks(spec)
            self._append(group, layout.DATA, spec, frames, len(train), blocks)
            if stats.films(spec):
                found[name] = count.histogram
        return found

    def _meta(self, root: zarr.Group, batch: Batch, episodes: int, frames: int) -> None:
        group, dims = root.create_group(layout.META), self._dims
        columns = batch.columns | {layout.COMMIT_MARKER: frames + np.cumsum(batch.lengths, dtype=np.int64)}
        for name, spec in meta_arrays(dof=dims.robot.dof, bodies=dims.bodies, joints=dims.joints).items():
            values = columns[name]
            block = values if isinstance(values, list) or name not in layout.RAGGED else widen(values, spec.row)
            self._append(group, layout.META, spec, episodes, len(batch), [block])

    def _assets(self, root: zarr.Group, batch: Batch) -> None:
        known = None if self._old is None else Assets(self._old)
        new = batch.new_assets(known)
        if known is not None and not len(new):
            return
        count, size = (len(known), known.size) if known is not None else (0, 0)
        arrays, group = new.arrays(size), root.create_group(layout.ASSETS)
        for name, spec in asset_arrays().items():
            start = size if name == "bytes" else count
            self._append(group, layout.ASSETS, spec, start, len(arrays[name]), [arrays[name]])

    def _append(
        self, group: zarr.Group, where: str, spec: layout.ArraySpec, before: int, rows: int, blocks: Iterable[Block]
    ) -> None:
        old: zarr.Array[Any] | None = None
        if self._old is not None:
            old = array_at(self._old, f"{where}/{spec.name}")
            spec = replace(spec, attrs=dict(old.attrs))
        append_rows(group, spec, old=old, before=before, rows=rows, blocks=blocks)


class _Counting:
    """Takes the histogram of the train frames among those that stream through."""

    def __init__(self, spec: layout.ArraySpec, train: NDArray[np.bool_], histogram: stats.Histogram) -> None:
        self.spec, self.train, self.histogram = spec, train, histogram

    def through(self, blocks: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        at = 0
        for block in blocks:
            chosen = block[self.train[at : at + len(block)]]
            at += len(block)
            self.histogram = stats.add(self.histogram, stats.histogram(self.spec, chosen))
            yield block
