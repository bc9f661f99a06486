"""A part: the episodes of one batch, committed whole or not at all, self-contained with the files they use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from pipeline.core.doors import FileStore
from pipeline.core.episode import Episode
from pipeline.core.errors import DatasetError
from pipeline.core.layout import SceneLayout
from pipeline.dataset import layout
from pipeline.dataset.access import read
from pipeline.dataset.append import widen, write_rows
from pipeline.dataset.atomic import new_directory
from pipeline.dataset.blobs import NewAssets, card_json, kind_of
from pipeline.dataset.columns import Columns, episode_columns, join_columns
from pipeline.dataset.data_arrays import data_arrays
from pipeline.dataset.frames import camera_spec, cameras_of, channels_of, frame_arrays, object_bodies
from pipeline.dataset.guard import open_arrays, open_root
from pipeline.dataset.meta_arrays import PACKED, asset_arrays, meta_arrays
from pipeline.dataset.metadata import check_paths
from pipeline.dataset.record import Card, cards_of


@dataclass(frozen=True)
class PartInfo:
    """What a part holds: its place, the ids and lengths of its episodes, and what its writer wanted remembered."""

    path: Path
    ids: tuple[str, ...]
    frames: int
    record: dict[str, Any] = field(default_factory=dict)


def write_part(
    path: Path, episodes: Sequence[Episode], *, store: FileStore, record: Mapping[str, Any] | None = None
) -> PartInfo:
    """Write a batch's episodes (none is allowed: the batch is then known to be done) as the folder ``path``.

    ``record`` is JSON data committed with them, e.g. the batch's failures. Writing the same episodes again changes
    nothing. Raises :class:`OutputError` when the disk is full or not writable, :class:`DatasetError` for episodes that
    cannot be kept exactly and for a ``path`` that already holds other episodes.
    """
    rows = [episode_columns(e) for e in episodes]
    ids = tuple(str(r["episode_id"][0]) for r in rows)
    if path.exists():
        return _same(read_part(path), ids)
    frames = [frame_arrays(e) for e in episodes]
    cards = cards_of(e.scene for e in episodes)
    with new_directory(path) as tmp:
        root = zarr.open_group(tmp, mode="w-", zarr_format=3)
        root.attrs.update(_attrs(episodes) | {"record": dict(record or {})})
        if episodes:
            _write_data(root.create_group(layout.DATA), episodes, frames)
        _write_assets(root.create_group(layout.ASSETS), cards, store)
        _write_meta(root.create_group(layout.META), rows, episodes)
    return read_part(path)


def read_part(path: Path) -> PartInfo:
    """What the part at ``path`` holds; raises :class:`DatasetError` when there is none."""
    root = open_part(path)
    ends = np.asarray(read(root, f"{layout.META}/{layout.COMMIT_MARKER}", slice(None)))
    ids = read(root, f"{layout.META}/episode_id", slice(None)) if len(ends) else ()
    record: Any = root.attrs["record"]
    return PartInfo(path, tuple(str(i) for i in np.asarray(ids)), int(ends[-1]) if len(ends) else 0, dict(record))


def open_part(path: Path) -> zarr.Group:
    """The zarr group of a part, read only; raises :class:`DatasetError` when it is absent or not committed."""
    try:
        store, attrs = open_root(str(path))
    except DatasetError as error:
        raise DatasetError(f"No part at {str(path)!r} ({error}); run the command that writes it again.") from error
    if attrs.get("kind") != "part" or attrs.get("schema_version") != layout.SCHEMA_VERSION:
        raise DatasetError(
            f"{str(path)!r} is not a part of layout version {layout.SCHEMA_VERSION}; remove it and run the command "
            "that writes it again."
        )
    root = open_arrays(store, array_paths(attrs, str(path)), place=str(path), shards=None)
    if f"{layout.META}/{layout.COMMIT_MARKER}" not in root:
        raise DatasetError(f"{str(path)!r} is not a whole part; remove it and run the command that writes it again.")
    return root


def array_paths(attrs: dict[str, Any], place: str) -> list[str]:
    """The arrays that a part or dataset lists; raises :class:`DatasetError` for what is no path inside it."""
    arrays: Any = attrs.get("arrays")
    if not isinstance(arrays, dict):
        raise DatasetError(f"{place!r} does not list its arrays; write it again.")
    return check_paths([f"{group}/{name}" for group, names in arrays.items() for name in names], place)


def list_parts(folder: Path) -> list[Path]:
    """The committed parts directly inside ``folder``, sorted by name; half-written ones are not among them."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if (p / "zarr.json").is_file() and ".tmp-" not in p.name)


def _same(info: PartInfo, ids: tuple[str, ...]) -> PartInfo:
    if info.ids != ids:
        raise DatasetError(
            f"Part {str(info.path)!r} exists and holds other episodes ({len(info.ids)}, not these {len(ids)}); "
            "remove it or write to another place."
        )
    return info


def _write_assets(group: zarr.Group, cards: Mapping[str, Card], store: FileStore) -> None:
    new = NewAssets()
    for card in cards.values():
        new.add(card_json(card), kind_of(card))
        for name, sha in sorted(card.files.items()):
            if sha not in new:
                new.add(store.read(card, name))
    arrays = new.arrays()
    for name, spec in asset_arrays().items():
        write_rows(group, spec, rows=len(arrays[name]), blocks=[arrays[name]])


def _write_meta(group: zarr.Group, rows: Sequence[Columns], episodes: Sequence[Episode]) -> None:
    """Every column, the commit marker last; an empty part has nothing but the marker."""
    columns = join_columns(rows) if rows else {}
    columns[layout.COMMIT_MARKER] = np.cumsum([e.length for e in episodes], dtype=np.int64)
    widths = {n: v.shape[1] for n, v in columns.items() if not isinstance(v, list) and v.ndim > 1}
    specs = meta_arrays(
        dof=widths.get("final_state", 1),
        bodies=widths.get("final_object_pose", 1),
        joints=widths.get("final_object_joint", 1),
    )
    for name, spec in specs.items():
        if name in columns:
            write_rows(group, spec, rows=len(episodes), blocks=[columns[name]])


def _attrs(episodes: Sequence[Episode]) -> dict[str, Any]:
    cameras = {name: list(size) for e in episodes[:1] for name, size in cameras_of(e).items()}
    channels = [list(channels_of(e)) for e in episodes[:1]]
    robots = {e.scene.robot.sha256 for e in episodes}
    if len(robots) > 1 or any(_films(e) != _films(episodes[0]) for e in episodes):
        raise DatasetError("The episodes of a part must share one robot, the same cameras and their channels.")
    for episode in episodes:
        for name, size in cameras.items():
            spec = camera_spec(episode.scene, name)
            if [spec.height, spec.width] != size:
                raise DatasetError(
                    f"Camera {name!r} is {spec.height}x{spec.width} in one episode and {size} in another."
                )
    data = sorted(data_arrays(_dimensions(episodes))) if episodes else []
    meta = [n for n in meta_arrays(dof=1, bodies=1, joints=1) if episodes or n == layout.COMMIT_MARKER]
    return {
        "arrays": {"data": data, "meta": sorted(set(meta) - set(PACKED)), "assets": sorted(asset_arrays())},
        "kind": "part",
        "schema_version": layout.SCHEMA_VERSION,
        "robot": next(iter(robots), None),
        "cameras": cameras,
        "channels": channels[0] if channels else [],
        "bodies": max((len(object_bodies(e.scene)) for e in episodes), default=0),
        "joints": max((len(SceneLayout.of(e.scene).joints) for e in episodes), default=0),
    }


def _films(episode: Episode) -> dict[str, list[str]]:
    return {channel: sorted(films) for channel, films in channels_of(episode).items()}


def _write_data(group: zarr.Group, episodes: Sequence[Episode], frames: Sequence[dict[str, NDArray[Any]]]) -> None:
    dims = _dimensions(episodes)
    for name, spec in data_arrays(dims).items():
        blocks = (widen(f[name], spec.row) for f in frames)
        write_rows(group, spec, rows=sum(e.length for e in episodes), blocks=blocks)


def _dimensions(episodes: Sequence[Episode]) -> layout.Dimensions:
    layouts = [SceneLayout.of(e.scene) for e in episodes]
    bodies = max(1, *(len(object_bodies(e.scene)) for e in episodes))
    joints = max(1, *(len(one.joints) for one in layouts))
    first = episodes[0]
    return layout.Dimensions(first.scene.robot, cameras_of(first), bodies, joints, tuple(channels_of(first)))
