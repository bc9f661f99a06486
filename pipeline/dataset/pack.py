"""Packing: parts become one dataset, streamed by whole shards, which replaces an earlier one in one step."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from pipeline.core.errors import DatasetError, OutputError
from pipeline.core.robot import RobotSpec
from pipeline.dataset import layout
from pipeline.dataset.access import array_at, group_at, read
from pipeline.dataset.atomic import new_directory
from pipeline.dataset.attrs import Contents, DatasetMeta, root_attrs
from pipeline.dataset.blobs import Card, read_blob, read_card, write_blob, write_card
from pipeline.dataset.columns import Columns, join_columns, read_columns, write_columns
from pipeline.dataset.part import open_part
from pipeline.dataset.record import Record
from pipeline.dataset.splits import SPLITS, assign_splits
from pipeline.dataset.stats import StatsTracker


def pack(parts: Sequence[Path], out: Path, *, meta: DatasetMeta) -> None:
    """Write the episodes of ``parts``, in that order, as the dataset ``out``; an existing dataset there is replaced.

    The same parts and ``meta`` give the same array contents and attributes. Killed at any moment, ``out`` is the old
    dataset, the new one, or (between two renames) absent with the old one beside it, which the next call puts back.
    Raises :class:`DatasetError` for parts that do not fit together or hold an episode twice, :class:`OutputError` when
    ``out`` is not writable, is full, or is something other than a dataset.
    """
    _refuse_strangers(out)
    sources = [root for root in map(open_part, parts) if layout.DATA in root]
    contents = _contents(sources, val_fraction=meta.val_fraction)
    with new_directory(out) as tmp:
        root = zarr.open_group(tmp, mode="w-", zarr_format=3)
        stats, checksums = _write_data(root.create_group(layout.DATA), sources, contents)
        _copy_files(root, sources, contents.cards)
        group = root.create_group(layout.META)
        write_columns(group, contents.columns)
        root.attrs.update(root_attrs(meta, contents, stats=stats, checksums=checksums))
        layout.write_column(group, layout.COMMIT_MARKER, contents.ends)


def _refuse_strangers(out: Path) -> None:
    if out.exists() and not (out / "zarr.json").is_file() and not (out.is_dir() and not any(out.iterdir())):
        raise OutputError(f"{str(out)!r} exists and is not a dataset; remove it or choose another place.")


def _contents(sources: Sequence[zarr.Group], *, val_fraction: float) -> Contents:
    """Everything about the episodes but their frames: what decides shapes, splits and attributes."""
    if not sources:
        raise DatasetError("There are no episodes to pack: every part is empty. See the failures of the attempts.")
    columns = join_columns([_of_part(s) for s in sources])
    ids = [str(i) for i in columns["episode_id"]]
    twice = sorted({i for i in ids if ids.count(i) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        raise DatasetError(f"Episodes {twice} are in the parts twice; list each part once and remove the copy.")
    records = [Record.model_validate_json(str(text)) for text in columns["episode_json"]]
    names = [r.task.model_dump_json() for r in records]
    tasks = {name: r.task for name, r in zip(names, records, strict=True)}
    index = {name: i for i, name in enumerate(tasks)}
    columns["episode_task"] = np.array([index[name] for name in names], np.int32)
    columns["episode_split"] = assign_splits(ids, columns["episode_task"].tolist(), val_fraction=val_fraction)
    cards = _cards(sources, records)
    cameras, channels = _cameras(sources)
    return Contents(_robot(records, cards), cards, records, list(tasks.values()), columns, cameras, channels)


def _robot(records: Sequence[Record], cards: Mapping[str, Card]) -> RobotSpec:
    """The first episode's robot; the others may differ from it in controller gains, which each scene holds."""
    robots: list[RobotSpec] = []
    for sha in dict.fromkeys(r.scene["robot"] for r in records):
        card = cards[sha]
        assert isinstance(card, RobotSpec)
        robots.append(card)
    if len({_untuned(robot) for robot in robots}) > 1:
        names = sorted(f"{robot.name} {robot.sha256[:8]}" for robot in robots)
        raise DatasetError(f"A dataset holds one robot, these parts hold {names}; pack them apart.")
    return robots[0]


def _untuned(robot: RobotSpec) -> str:
    """All of a robot but its controller gains, as text."""
    gains = {"kp": True, "kv": True}
    arm: dict[str, Any] = {"arm": {"__all__": gains}, "gripper": gains}
    return robot.model_dump_json(exclude={**arm, "others": {"__all__": arm}})


def _of_part(source: zarr.Group) -> Columns:
    columns = read_columns(group_at(source, layout.META))
    del columns[layout.COMMIT_MARKER]
    return columns


def _cameras(sources: Sequence[zarr.Group]) -> tuple[dict[str, tuple[int, int]], tuple[str, ...]]:
    found: list[Any] = [(s.attrs["cameras"], s.attrs["channels"]) for s in sources]
    for other in found[1:]:
        if other != found[0]:
            raise DatasetError(f"Parts have different cameras, {found[0]} and {other}; pack them apart.")
    cameras, channels = found[0]
    return {name: (size[0], size[1]) for name, size in cameras.items()}, tuple(channels)


def _cards(sources: Sequence[zarr.Group], records: Sequence[Record]) -> dict[str, Card]:
    wanted = {sha for r in records for sha in r.cards}
    cards: dict[str, Card] = {}
    for source in sources:
        group = group_at(source, layout.SPECS)
        for name in sorted(wanted - set(cards)):
            if name in group:
                cards[name] = read_card(group, name)
    return dict(sorted(cards.items()))


def _write_data(
    group: zarr.Group, sources: Sequence[zarr.Group], contents: Contents
) -> tuple[dict[str, Any], dict[str, str]]:
    """Stream every array; returns its statistics over the train split and the sha256 of its rows."""
    train = np.repeat(contents.columns["episode_split"] == SPLITS.index("train"), contents.lengths)
    stats: dict[str, Any] = {}
    checksums: dict[str, str] = {}
    for name, spec in layout.data_arrays(contents.dimensions).items():
        tracker = StatsTracker(spec, train) if StatsTracker.wants(spec) else None
        digest = hashlib.sha256()
        blocks = _observed(_blocks(sources, spec), tracker, digest)
        layout.write_rows(group, spec, rows=contents.frames, blocks=blocks)
        checksums[name] = digest.hexdigest()
        if tracker:
            stats[name] = tracker.result()
    return stats, checksums


def _observed(
    blocks: Iterator[NDArray[Any]], tracker: StatsTracker | None, digest: hashlib._Hash
) -> Iterator[NDArray[Any]]:
    for block in blocks:
        digest.update(np.ascontiguousarray(block).data)
        if tracker:
            tracker.add(block)
        yield block


def _blocks(sources: Sequence[zarr.Group], spec: layout.ArraySpec) -> Iterator[NDArray[Any]]:
    for source in sources:
        path = f"{layout.DATA}/{spec.name}"
        total = array_at(source, f"{layout.DATA}/action").shape[0]
        if path not in source:
            yield np.full((total, *spec.row), np.nan, spec.dtype)
            continue
        step = spec.shard_rows(total)
        for start in range(0, total, step):
            yield layout.widen(np.asarray(read(source, path, slice(start, start + step))), spec.row)


def _copy_files(root: zarr.Group, sources: Sequence[zarr.Group], cards: dict[str, Card]) -> None:
    specs, files = root.create_group(layout.SPECS), root.create_group(layout.FILES)
    for card in cards.values():
        write_card(specs, card)
        for name, sha in sorted(card.files.items()):
            holder = next((s for s in sources if f"{layout.FILES}/{sha}" in s), None)
            if holder is None:
                raise DatasetError(f"No part holds {name!r} of {card.name!r}; remove the parts and write them again.")
            write_blob(files, read_blob(group_at(holder, layout.FILES), sha))
