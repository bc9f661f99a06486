"""Rows of an array, written by whole shards: all at once, or after rows that another store already holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from pipeline.dataset.layout import ArraySpec

Block = NDArray[Any] | list[str]


def write_rows(group: zarr.Group, spec: ArraySpec, *, rows: int, blocks: Iterable[Block]) -> None:
    """Create ``spec`` and fill it with the concatenated ``blocks``; its shards are no longer than it needs."""
    whole = max(1, -(-rows // spec.chunk_rows)) * spec.chunk_rows
    array = create(group, spec, rows=rows, chunk=spec.chunk_rows, shard=min(whole, spec.shard_rows))
    _fill(array, blocks, start=0, dtype=_memory_type(spec))


def append_rows(
    group: zarr.Group, spec: ArraySpec, *, old: zarr.Array[Any] | None, before: int, rows: int, blocks: Iterable[Block]
) -> None:
    """Create ``spec`` in ``group`` with the first ``before`` rows of ``old`` and ``rows`` more, from ``blocks``.

    Only the shards that change are written: from the one on that holds row ``before``. Every shard that is not empty
    is a file, so a lost one can be noticed.
    """
    chunk, shard = spec.chunk_rows, spec.shard_rows
    if old is not None and old.shards is not None:
        chunk, shard = old.chunks[0], old.shards[0]
    array = create(group, spec, rows=before + rows, chunk=chunk, shard=shard)
    start = before // shard * shard
    kept: list[Block] = [] if old is None or start == before else [np.asarray(old[start:before])]
    _fill(array, (block for group in (kept, blocks) for block in group), start=start, dtype=_memory_type(spec))


def widen(block: NDArray[Any], row: tuple[int, ...]) -> NDArray[Any]:
    """``block`` (rows, columns, ...) padded with NaN to (rows, *row); itself when it is as wide."""
    if block.shape[1:] == row:
        return block
    out = np.full((len(block), *row), np.nan, block.dtype)
    out[:, : block.shape[1]] = block
    return out


def _memory_type(spec: ArraySpec) -> Any:
    return object if spec.text else spec.dtype


def create(group: zarr.Group, spec: ArraySpec, *, rows: int, chunk: int, shard: int) -> zarr.Array[Any]:
    """An empty array of ``rows`` rows, with so many rows a chunk and a shard."""
    return group.create_array(
        spec.name,
        shape=(rows, *spec.row),
        dtype=spec.dtype,
        chunks=(chunk, *spec.row),
        shards=(shard, *spec.row),
        compressors=spec.compressors,
        attributes=spec.attrs,
        config={"write_empty_chunks": True},
    )


def _fill(array: zarr.Array[Any], blocks: Iterable[Block], *, start: int, dtype: Any) -> None:
    """Write ``blocks`` from row ``start`` to the end, one whole shard at a time."""
    assert array.shards is not None
    total, row = array.shape[0], array.shape[1:]
    buffer = np.empty((min(array.shards[0], total - start), *row), dtype)
    held = 0
    for given in blocks:
        block = np.asarray(given, dtype)
        while len(block):
            take = min(len(block), len(buffer) - held)
            if take == 0:
                raise ValueError(f"{array.path!r} was given more than its {total} rows")
            buffer[held : held + take] = block[:take]
            held, block = held + take, block[take:]
            if held == len(buffer):
                array[start : start + held] = buffer
                start, held = start + held, 0
    if held:
        array[start : start + held] = buffer[:held]
    if start + held != total:
        raise ValueError(f"{array.path!r} was given {start + held} rows of {total}")
