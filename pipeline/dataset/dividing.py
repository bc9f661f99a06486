"""Named splits of a dataset, by fraction or by what its episodes have in common, and several datasets as one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import DatasetError, InvalidInputError
from pipeline.core.robot import RobotSpec
from pipeline.core.streams import stream
from pipeline.dataset.fitting import untuned
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.splits import SPLITS
from pipeline.dataset.subset import Heard, Selected, meta_of, write_selected

Key = Literal["task", "family", "solver", "split"]
NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$")


def by_fraction(reader: DatasetReader, shares: Mapping[str, str], *, seed: int) -> dict[str, NDArray[np.int64]]:
    """Episodes of every named split: of each task the given share, drawn by ``seed``, none in two.

    ``shares`` are numbers as text ("0.8") that add up to at most 1; what is left over is in no split.
    """
    fractions = {name: _fraction(name, share) for name, share in shares.items()}
    if sum(fractions.values()) > 1 or not fractions:
        raise InvalidInputError(f"The shares {dict(shares)} must add up to at most 1.")
    out: dict[str, list[int]] = {name: [] for name in fractions}
    tasks = reader.column("episode_task")
    for number, task in enumerate(reader.tasks):
        own = np.flatnonzero(tasks == number)
        drawn = stream(seed, "dataset", "split", task.name).permutation(own)
        edges, share = [0], Fraction(0)
        for fraction in fractions.values():
            share += fraction
            edges.append(round(share * len(own)))
        for name, start, stop in zip(out, edges[:-1], edges[1:], strict=True):
            out[name] += drawn[start:stop].tolist()
    return {name: np.array(sorted(rows), np.int64) for name, rows in out.items()}


def by_key(reader: DatasetReader, key: Key) -> dict[str, NDArray[np.int64]]:
    """Episodes by their task, family, solver or split."""
    tasks = [reader.tasks[k] for k in reader.column("episode_task")]
    values = {
        "task": lambda: [t.name for t in tasks],
        "family": lambda: [t.family for t in tasks],
        "solver": lambda: [str(s) for s in reader.column("episode_solver")],
        "split": lambda: [SPLITS[k] for k in reader.column("episode_split")],
    }[key]()
    return {name: np.flatnonzero(np.array(values) == name) for name in sorted(set(values))}


def write_splits(
    reader: DatasetReader, splits: Mapping[str, NDArray[np.int64]], out: Path, *, heard: Heard | None = None
) -> dict[str, int]:
    """A dataset ``<out>/<name>.zarr`` for every split; returns the number of episodes of each."""
    empty = [name for name, rows in splits.items() if not len(rows)]
    if empty:
        raise InvalidInputError(f"Splits {empty} would have no episode: {len(reader)} are too few for such shares.")
    for name in splits:
        if not NAME.fullmatch(name):
            raise InvalidInputError(f"{name!r} cannot be the name of a folder; use letters, digits, _ . and -.")
    counts: dict[str, int] = {}
    for name, rows in splits.items():
        meta = meta_of([reader], {"name": "split", "split": name}, name=f"{reader.attrs['name']}-{name}")
        counts[name] = write_selected([Selected(reader, rows)], out / f"{name}.zarr", meta=meta, heard=heard)
    return counts


def merge(
    readers: Sequence[DatasetReader],
    out: Path,
    *,
    name: str | None = None,
    licence: str | None = None,
    heard: Heard | None = None,
) -> int:
    """One dataset ``out`` of all episodes in order; returns their number. Raises :class:`DatasetError` with reasons."""
    reasons = differences(readers, licence=licence)
    if reasons:
        raise DatasetError("These datasets cannot be one: " + "; ".join(reasons) + ".")
    chosen = [Selected(reader, np.arange(len(reader))) for reader in readers]
    meta = meta_of(readers, {"name": "merge"}, name=name, licence=licence)
    return write_selected(chosen, out, meta=meta, heard=heard)


def differences(readers: Sequence[DatasetReader], *, licence: str | None = None) -> list[str]:
    """Why datasets cannot be merged: robot, control rate, cameras, channels, licence."""
    first, out = readers[0], list[str]()
    for reader in readers[1:]:
        here = f"{reader.place!r}"
        if _robot(reader) != _robot(first):
            out.append(f"{here} is of another robot, {_named(reader)}, not {_named(first)}")
        if reader.control_hz != first.control_hz:
            out.append(f"{here} has {reader.control_hz:g} Hz, not {first.control_hz:g}")
        sizes = [{n: (c["height"], c["width"]) for n, c in r.attrs["cameras"].items()} for r in (first, reader)]
        if sizes[0] != sizes[1]:
            out.append(f"{here} has the cameras {_sizes(sizes[1])}, not {_sizes(sizes[0])}")
        if reader.attrs["channels"] != first.attrs["channels"]:
            out.append(f"{here} records {reader.attrs['channels']}, not {first.attrs['channels']}")
        if licence is None and reader.attrs["license"] != first.attrs["license"]:
            mine, other = reader.attrs["license"], first.attrs["license"]
            out.append(f"{here} has the licence {mine}, not {other} (--license says under which the result stands)")
    return out


def _robot(reader: DatasetReader) -> str:
    card = reader.card(reader.attrs["robot"]["sha256"])
    assert isinstance(card, RobotSpec)
    return untuned(card)


def _named(reader: DatasetReader) -> str:
    return f"{reader.attrs['robot']['name']} {reader.attrs['robot']['sha256'][:8]}"


def _sizes(cameras: Mapping[str, tuple[int, int]]) -> str:
    return ", ".join(f"{name} {width}x{height}" for name, (height, width) in sorted(cameras.items())) or "none"


def _fraction(name: str, share: str) -> Fraction:
    try:
        value = Fraction(share)
    except (ValueError, ZeroDivisionError):
        value = Fraction(0)
    if not 0 < value <= 1:
        raise InvalidInputError(f"The share of {name!r} is {share!r}; give a number above 0 and at most 1, e.g. 0.8.")
    return value
