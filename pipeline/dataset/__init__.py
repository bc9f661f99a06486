"""Datasets of demonstrations: ``open_dataset`` reads one with the base dependencies alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.dataset.reader import DatasetReader


def open_dataset(place: str | Path) -> DatasetReader:
    """The committed dataset at a path or URL (anything fsspec opens), read only; frames are read when asked for.

    Raises :class:`~pipeline.core.errors.DatasetError` for what is no dataset, or one of a layout it does not know.
    """
    from pipeline.dataset.reader import DatasetReader

    return DatasetReader(place)
