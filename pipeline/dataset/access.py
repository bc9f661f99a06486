"""Typed access to the groups and arrays of a store, with errors that name the array."""

from __future__ import annotations

from typing import Any

import zarr

from pipeline.core.errors import DatasetError

DAMAGE = (KeyError, OSError, ValueError, RuntimeError, MemoryError)
"""What zarr and its codecs raise for files that are missing, cut short or changed."""


def group_at(root: zarr.Group, path: str) -> zarr.Group:
    """The group at ``path``; raises KeyError when there is none."""
    found = root[path]
    if not isinstance(found, zarr.Group):
        raise KeyError(path)
    return found


def array_at(root: zarr.Group, path: str) -> zarr.Array[Any]:
    """The array at ``path``; raises KeyError when there is none."""
    found = root[path]
    if not isinstance(found, zarr.Array):
        raise KeyError(path)
    return found


def read(root: zarr.Group, path: str, rows: slice) -> Any:
    """Rows of the array at ``path``; raises :class:`DatasetError` naming it when the store is damaged."""
    try:
        return array_at(root, path)[rows]
    except DAMAGE as error:
        raise DatasetError(
            f"{path!r} of {str(root.store)!r} cannot be read ({error}); it is damaged or incomplete: remove it and "
            "run the command that made it (or copy it) again."
        ) from error
