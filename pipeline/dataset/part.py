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
from pipeline.dataset import layout
from pipeline.dataset.access import DAMAGE, read
from pipeline.dataset.atomic import new_directory
from pipeline.dataset.blobs import write_blob, write_card
from pipeline.dataset.columns import episode_columns, join_columns, write_columns
from pipeline.dataset.frames import camera_spec, cameras_of, channels_of, frame_arrays
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
    files = _files(cards, store)
    with new_directory(path) as tmp:
        root = zarr.open_group(tmp, mode="w-", zarr_format=3)
        root.attrs.update(_attrs(episodes) | {"record": dict(record or {})})
        if episodes:
            _write_data(root.create_group(layout.DATA), episodes, frames)
        specs, blobs = root.create_group(layout.SPECS), root.create_group(layout.FILES)
        for card in cards.values():
            write_card(specs, card)
        for content in files:
            write_blob(blobs, content)
        meta = root.create_group(layout.META)
        if rows:
            write_columns(meta, join_columns(rows))
        ends = np.cumsum([e.length for e in episodes], dtype=np.int64)
        layout.write_column(meta, layout.COMMIT_MARKER, ends)
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
        root = zarr.open_group(path, mode="r", zarr_format=3, use_consolidated=False)
    except DAMAGE as error:
        raise DatasetError(f"No part at {str(path)!r} ({error}); run the command that writes it again.") from error
    if f"{layout.META}/{layout.COMMIT_MARKER}" not in root or root.attrs.get("kind") != "part":
        raise DatasetError(f"{str(path)!r} is not a whole part; remove it and run the command that writes it again.")
    return root


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


def _files(cards: Mapping[str, Card], store: FileStore) -> list[bytes]:
    contents: dict[str, bytes] = {}
    for card in cards.values():
        for name, sha in card.files.items():
            if sha not in contents:
                contents[sha] = store.read(card, name)
    return list(contents.values())


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
    return {
        "kind": "part",
        "schema_version": layout.SCHEMA_VERSION,
        "robot": next(iter(robots), None),
        "cameras": cameras,
        "channels": channels[0] if channels else [],
    }


def _films(episode: Episode) -> dict[str, list[str]]:
    return {channel: sorted(films) for channel, films in channels_of(episode).items()}


def _write_data(group: zarr.Group, episodes: Sequence[Episode], frames: Sequence[dict[str, NDArray[Any]]]) -> None:
    bodies = max(1, *(f["object_pose"].shape[1] for f in frames))
    joints = max(1, *(f["object_joint"].shape[1] for f in frames))
    channels = tuple(channels_of(episodes[0]))
    dims = layout.Dimensions(episodes[0].scene.robot, cameras_of(episodes[0]), bodies, joints, channels)
    for name, spec in layout.data_arrays(dims).items():
        blocks = (layout.widen(f[name], spec.row) for f in frames)
        layout.write_rows(group, spec, rows=sum(e.length for e in episodes), blocks=blocks)
