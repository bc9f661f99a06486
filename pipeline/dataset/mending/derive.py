"""Columns of ``meta/`` that follow from others, as they were: from the records, the lengths and the actions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from pipeline.dataset import layout
from pipeline.dataset.record import Record
from pipeline.dataset.splits import split_of

DERIVED = (
    layout.COMMIT_MARKER, "episode_length", "episode_id", "episode_checksum", "episode_instruction", "episode_solver",
    "episode_draws", "episode_seed", "episode_success", "episode_task", "episode_split",
)  # fmt: skip


def derived(folder: Path, name: str, attrs: dict[str, Any]) -> NDArray[Any]:
    """All rows of a column; raises what zarr and pydantic raise when what it follows from is damaged, too."""
    if name == layout.COMMIT_MARKER:
        return np.cumsum(_column(folder, "episode_length"), dtype=np.int64)
    if name == "episode_length":
        return np.diff(_column(folder, layout.COMMIT_MARKER), prepend=0).astype(np.int32)
    if name == "episode_split":
        return _splits(_column(folder, "episode_task"), attrs["val_fraction"])
    texts = [str(t) for t in _column(folder, "episode_json")]
    if name == "episode_task":
        tasks = [_text({k: v for k, v in t.items() if k not in ("id", "episodes")}) for t in attrs["tasks"]]
        return np.array([tasks.index(_text(json.loads(t)["task"])) for t in texts], np.int32)
    records = [Record.model_validate_json(t) for t in texts]
    match name:
        case "episode_id":
            return _ids(folder, records)
        case "episode_checksum":
            return np.array([r.trace_sha256 for r in records], object)
        case "episode_instruction":
            return np.array([r.instruction for r in records], object)
        case "episode_solver":
            return np.array([r.solver for r in records], object)
        case "episode_draws":
            return np.array([json.dumps(r.scene["draws"], sort_keys=True) for r in records], object)
        case "episode_seed":
            return np.array([r.scene["seed"] for r in records], np.int64)
        case _:
            return np.array([r.outcome.success for r in records], bool)


def _ids(folder: Path, records: list[Record]) -> NDArray[Any]:
    ends = _column(folder, layout.COMMIT_MARKER)
    actions = zarr.open_array(folder / layout.DATA / "action", mode="r")
    starts = [0, *ends[:-1]]
    rows = [np.asarray(actions[int(a) : int(b)]) for a, b in zip(starts, ends, strict=True)]
    return np.array([r.episode_id(a) for r, a in zip(records, rows, strict=True)], object)


def _splits(tasks: NDArray[Any], val_fraction: float) -> NDArray[np.uint8]:
    """By the packer's rule; a dataset that was filtered has others, which its checksum then tells."""
    seen: dict[int, int] = {}
    out = np.empty(len(tasks), np.uint8)
    for k, task in enumerate(tasks.tolist()):
        out[k] = split_of(seen.get(task, 0), val_fraction=val_fraction)
        seen[task] = seen.get(task, 0) + 1
    return out


def _column(folder: Path, name: str) -> NDArray[Any]:
    return np.asarray(zarr.open_array(folder / layout.META / name, mode="r")[...])


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
