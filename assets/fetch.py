"""Fetch robots whose licence does not let us vendor them: from a pinned package, into the user's own library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assets.catalog import CARD, LibraryCatalog, user_library
from assets.importers.robot_source import RobotSource
from assets.importers.robots import FETCHED, make_robot
from assets.install import swap_folder
from pipeline.core.errors import UnknownNameError
from pipeline.core.robot import RobotSpec


def fetchable() -> tuple[str, ...]:
    """Names that :func:`fetch` knows, sorted."""
    return tuple(sorted(FETCHED))


def fetch(name: str, root: Path | None = None) -> RobotSpec:
    """Import a robot below ``root/robots`` (default: the user's library), unless it is there already.

    Raises :class:`UnknownNameError`, :class:`AssetError` when the package cannot be had or is not the reviewed one, and
    :class:`OutputError` when the folder cannot be written. The library changes whole or not at all.
    """
    if name not in FETCHED:
        raise UnknownNameError("robot to fetch", name, FETCHED)
    root = root or user_library()
    target = root / "robots" / name
    if not (target / CARD).is_file():
        source: Callable[[Path], RobotSource] = FETCHED[name]
        swap_folder(target, lambda folder: make_robot(source, folder))
    return LibraryCatalog(root).robot(name)
