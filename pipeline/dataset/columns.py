"""The arrays of ``meta/``: one row an episode."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from pipeline.core.episode import Episode
from pipeline.core.errors import DatasetError
from pipeline.dataset.append import widen
from pipeline.dataset.frames import object_columns
from pipeline.dataset.layout import RAGGED
from pipeline.dataset.record import Record, cards_of, with_cards, without_cards
from pipeline.dataset.states import trace_sha256

TEXT = (
    "episode_id",
    "episode_checksum",
    "episode_instruction",
    "episode_solver",
    "episode_draws",
    "episode_json",
)
Columns = dict[str, NDArray[Any] | list[str]]
"""Arrays by name, all of the same first length; text columns are lists."""


def episode_columns(episode: Episode) -> Columns:
    """The row of one episode. Raises :class:`DatasetError` when its scene cannot be kept exactly."""
    checksum = trace_sha256(episode.states, episode.final)
    record = Record.of(episode, trace_sha256=checksum)
    text = record.model_dump_json()
    _survives(text, record, episode)
    final = episode.final
    bodies = final.pose[:, object_columns(final.layout)]
    return {
        "episode_id": [record.episode_id(episode.actions)],
        "episode_checksum": [checksum],
        "episode_instruction": [record.instruction],
        "episode_solver": [record.solver],
        "episode_draws": [json.dumps(record.scene["draws"], sort_keys=True)],
        "episode_json": [text],
        "episode_seed": np.array([episode.scene.seed], np.int64),
        "episode_length": np.array([episode.length], np.int32),
        "episode_success": np.array([record.outcome.success]),
        "final_state": final.qpos,
        "final_ee_pose": final.tcp,
        "final_object_pose": widen(bodies, (max(1, bodies.shape[1]), 7)),
        "final_object_joint": widen(final.joint, (max(1, final.joint.shape[1]),)),
    }


def _survives(text: str, record: Record, episode: Episode) -> None:
    back = Record.model_validate_json(text)
    if back != record or without_cards(with_cards(back.scene, cards_of([episode.scene]).__getitem__)) != record.scene:
        raise DatasetError(f"Episode of {episode.task.name!r} does not survive JSON; look for inf or NaN in its scene.")


def join_columns(rows: Sequence[Columns]) -> Columns:
    """Columns one after the other; those whose width differs are padded with NaN to the widest."""
    out: Columns = {}
    for name in rows[0]:
        if name in TEXT:
            out[name] = [str(value) for row in rows for value in row[name]]
            continue
        arrays = [np.asarray(row[name]) for row in rows]
        if name in RAGGED:
            widest = max((a.shape[1:] for a in arrays), key=lambda shape: shape[0])
            arrays = [widen(a, widest) for a in arrays]
        out[name] = np.concatenate(arrays)
    return out


def chosen(columns: Columns, rows: NDArray[np.intp]) -> Columns:
    """Some of the rows of every column."""
    return {n: [v[k] for k in rows] if isinstance(v, list) else v[rows] for n, v in columns.items()}


def read_columns(group: zarr.Group) -> Columns:
    """All columns of a part or dataset, in memory."""
    out: Columns = {}
    for name, array in group.arrays():
        values = array[...]
        out[name] = [str(v) for v in np.asarray(values)] if name in TEXT else np.asarray(values)
    return out
