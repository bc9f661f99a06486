"""Flat, time-concatenated zarr as replay buffers read it: version 2, or one set of chunks described in both versions.

In the dual form every array is a version 3 array whose chunks are named and encoded as version 2 does it (no shards),
and a ``.zarray`` beside its ``zarr.json`` describes the same files. Readers of either version open it, bit for bit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numcodecs
import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BloscCodec

from pipeline.dataset.exporters._episode import Row
from pipeline.dataset.exporters._exporter import Tell
from pipeline.dataset.exporters._selection import Selection
from pipeline.dataset.splits import SPLITS

Form = Literal["v2", "dual"]
CHUNK_BYTES = 2_000_000  # what diffusion_policy's own get_optimal_chunks aims at
LEVEL = 3  # of zstd


class FlatZarr:
    """``data/`` and ``meta/`` of a store that is filled episode by episode, one whole chunk at a time.

    ``rows`` tells the arrays of ``data/``, ``total`` how many steps each will have. Leave the ``with`` block to flush.
    """

    def __init__(self, place: Path, *, rows: Mapping[str, Row], total: int, form: Form, attrs: dict[str, Any]) -> None:
        self._place, self._form, self._total = place, form, total
        self._root = zarr.open_group(place, mode="w-", zarr_format=3 if form == "dual" else 2)
        self._root.attrs.update(attrs)
        self._groups = {name: self._root.create_group(name) for name in ("data", "meta")}
        self._columns = {
            name: _Column(self._create("data", name, row, total), row, total) for name, row in rows.items()
        }

    def append(self, name: str, values: NDArray[Any]) -> None:
        """The next steps of the array ``name`` of ``data/``."""
        self._columns[name].append(values)

    def meta(self, name: str, values: NDArray[Any]) -> None:
        """Write an array of ``meta/``, one entry an episode."""
        row = Row(values.dtype, values.shape[1:])
        self._create("meta", name, row, len(values))[:] = values

    def note(self, attrs: dict[str, Any]) -> None:
        """Add root attributes."""
        self._root.attrs.update(attrs)

    def __enter__(self) -> FlatZarr:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            for column in self._columns.values():
                column.close()
            if self._form == "dual":
                _describe_as_v2(self._place)

    def _create(self, group: str, name: str, row: Row, total: int) -> zarr.Array[Any]:
        chunk = (min(max(1, total), max(1, CHUNK_BYTES // _bytes(row))), *row.shape)
        shuffle = row.dtype.itemsize > 1
        attrs = {} if row.names is None else {"names": list(row.names)}
        common: dict[str, Any] = {
            "shape": (total, *row.shape),
            "chunks": chunk,
            "dtype": row.dtype,
            "fill_value": row.dtype.type(0),
            "attributes": attrs,
            "config": {"write_empty_chunks": True},
        }
        if self._form == "v2":
            codec = numcodecs.Blosc(cname="zstd", clevel=LEVEL, shuffle=int(shuffle))
            return self._groups[group].create_array(name, **common, compressors=codec)
        blosc = BloscCodec(
            cname="zstd", clevel=LEVEL, shuffle="shuffle" if shuffle else "noshuffle", typesize=row.dtype.itemsize
        )
        keys: dict[str, Any] = {"name": "v2", "separator": "."}
        return self._groups[group].create_array(name, **common, compressors=blosc, chunk_key_encoding=keys)


class _Column:
    """One array of ``data/``, written by whole chunks."""

    def __init__(self, array: zarr.Array[Any], row: Row, total: int) -> None:
        self._array, self._total, self._start, self._held = array, total, 0, 0
        self._buffer = np.empty((array.chunks[0], *row.shape), row.dtype)

    def append(self, values: NDArray[Any]) -> None:
        while len(values):
            take = min(len(values), len(self._buffer) - self._held)
            self._buffer[self._held : self._held + take] = values[:take]
            self._held, values = self._held + take, values[take:]
            if self._held == len(self._buffer):
                self._flush()

    def close(self) -> None:
        self._flush()
        if self._start != self._total:
            raise AssertionError(f"{self._array.path} got {self._start} of {self._total} steps")

    def _flush(self) -> None:
        self._array[self._start : self._start + self._held] = self._buffer[: self._held]
        self._start, self._held = self._start + self._held, 0


def write_flat(place: Path, selection: Selection, *, form: Form, tell: Tell) -> None:
    """Write a whole selection: every key an array of ``data/``, and ``meta/`` with what tells episodes apart.

    ``meta/episode_instruction`` indexes the root attribute ``instructions``, ``meta/episode_task`` ``tasks`` and
    ``meta/episode_split`` ``splits``; readers of old versions choke on text.
    """
    rows, instructions = selection.rows, dict[str, int]()
    told, total = np.empty(len(selection), np.int32), int(selection.ends[-1])
    with FlatZarr(place, rows=rows, total=total, form=form, attrs=_attrs(selection)) as out:
        for episode in selection:
            tell(episode.number)
            told[episode.number] = instructions.setdefault(episode.stored.instruction, len(instructions))
            for name in rows:
                out.append(name, episode[name])
        seeds, success = (selection.reader.column(f"episode_{n}")[selection.numbers] for n in ("seed", "success"))
        out.meta("episode_task", selection.tasks.astype(np.int32))
        out.meta("episode_instruction", told)
        out.meta("episode_split", selection.splits.astype(np.uint8))
        out.meta("episode_success", success.astype(bool))
        out.meta("episode_seed", seeds.astype(np.int64))
        out.meta("episode_source", selection.numbers.astype(np.int64))
        out.note({"instructions": list(instructions)})
        out.meta("episode_ends", selection.ends)


def is_flat(place: Path) -> bool:
    """Whether a place holds what :func:`write_flat` writes."""
    known = (".zgroup", "meta/.zgroup", "meta/episode_ends/.zarray", "data/.zgroup")
    return all((place / name).is_file() for name in known)


def main_camera(selection: Selection) -> dict[str, str]:
    """``img`` for the first camera, which is fixed where one is, and ``rgb_<camera>`` for the others."""
    return {"img" if k == 0 else f"rgb_{name}": f"rgb_{name}" for k, name in enumerate(selection.cameras)}


def _attrs(selection: Selection) -> dict[str, Any]:
    known = selection.reader.attrs
    return {
        "source": known["name"],
        "license": known["license"],
        "robot": known["robot"],
        "control_hz": selection.hz,
        "keys": {name: source.text for name, source in selection.keys.items()},
        "action": selection.request.action,
        "tasks": [task.name for task in selection.reader.tasks],
        "splits": list(SPLITS),
    }


def _bytes(row: Row) -> int:
    return max(1, math.prod(row.shape) * row.dtype.itemsize)


def _describe_as_v2(place: Path) -> None:
    """Beside every ``zarr.json`` the files that version 2 has for the same."""
    for file in sorted(place.rglob("zarr.json")):
        told = json.loads(file.read_text())
        if told["node_type"] == "array":
            (file.parent / ".zarray").write_text(json.dumps(_as_v2(told), indent=1))
        else:
            (file.parent / ".zgroup").write_text(json.dumps({"zarr_format": 2}))
        (file.parent / ".zattrs").write_text(json.dumps(told["attributes"], indent=1))


def _as_v2(told: dict[str, Any]) -> dict[str, Any]:
    blosc = next(codec["configuration"] for codec in told["codecs"] if codec["name"] == "blosc")
    codes = {"noshuffle": 0, "shuffle": 1}
    compressor = {"id": "blosc", "cname": blosc["cname"], "clevel": blosc["clevel"], "blocksize": blosc["blocksize"]}
    return {
        "zarr_format": 2,
        "shape": told["shape"],
        "chunks": told["chunk_grid"]["configuration"]["chunk_shape"],
        "dtype": np.dtype(told["data_type"]).newbyteorder("<").str,
        "compressor": compressor | {"shuffle": codes[blosc["shuffle"]]},
        "fill_value": told["fill_value"],
        "order": "C",
        "filters": None,
        "dimension_separator": ".",
    }
