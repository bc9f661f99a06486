"""Pulling a part of a dataset: the chosen episodes and pictures, without reading the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import DatasetError, OutputError
from pipeline.dataset.lock import writer_lock
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.subset import BESIDE, Heard, Selected, fill, meta_of, pictures
from pipeline.dataset.transfer.remote import Remote, discreet


def pull_part(
    reader: DatasetReader,
    episodes: NDArray[np.int64],
    target: Path,
    *,
    keys: Sequence[str] = (),
    selection: Mapping[str, Any],
    heard: Heard | None = None,
) -> int:
    """Make ``target`` hold the chosen episodes of the dataset at a URL; returns how many it then has.

    ``keys`` keeps only the pictures of these names (``rgb_front``, ``depth_*``); none keeps all. What an earlier call
    with the same ``selection`` has fetched is kept, whether it was cut short or the dataset has grown since.
    """
    with discreet(), writer_lock(target):
        cameras, channels = pictures(reader, keys) if keys else (None, None)
        command = {"name": "pull", "selection": dict(selection)}
        meta = meta_of([reader], command)
        origin = {"package": "taskloom", "command": command, "url": Remote(reader.place).name}
        meta = meta.model_copy(update={"generator": origin | {"from": reader.attrs["generators"]}})
        chosen = [Selected(reader, episodes, cameras, channels)]
        if target.exists():
            _check_same(target, command)
            fill(chosen, target, meta=meta, heard=heard)
            return len(DatasetReader(target))
        beside = target.with_name(target.name + BESIDE)
        if beside.exists():
            _check_same(beside, command)
        fill(chosen, beside, meta=meta, heard=heard)
        beside.rename(target)
        return len(DatasetReader(target))


def _check_same(place: Path, command: Mapping[str, Any]) -> None:
    """Raise :class:`OutputError` when what is there was not pulled by the same command."""
    try:
        made = [g.get("command") for g in DatasetReader(place).attrs["generators"]]
    except DatasetError:
        if not any(place.glob("meta/episode_ends/*")):
            return  # nothing was committed yet
        raise
    if command not in made:
        raise OutputError(
            f"{str(place)!r} holds something else than this selection; pull to another place, or remove it first."
        )
