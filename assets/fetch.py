"""Fetch robots whose licence does not let us vendor them: from a pinned package, into the user's own library."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from assets.catalog import CARD, LibraryCatalog, user_library
from assets.importers import __file__ as importers
from assets.importers.robot_source import RobotSource
from assets.importers.robots import FETCHED, make_robot
from assets.install import swap_folder
from pipeline.core.errors import UnknownNameError
from pipeline.core.robot import RobotSpec

STAMP = "importer.sha256"  # beside a fetched robot's card: which importers made it


def fetchable() -> tuple[str, ...]:
    """Names that :func:`fetch` knows, sorted."""
    return tuple(sorted(FETCHED))


def fetch(name: str, root: Path | None = None) -> RobotSpec:
    """Import a robot below ``root/robots`` (default: the user's library), unless the copy there is these importers'.

    Raises :class:`UnknownNameError`, :class:`AssetError` when the package cannot be had or is not the reviewed one, and
    :class:`OutputError` when the folder cannot be written. The library changes whole or not at all.
    """
    if name not in FETCHED:
        raise UnknownNameError("robot to fetch", name, FETCHED)
    root = root or user_library()
    target = root / "robots" / name
    if not _is_current(target):
        source: Callable[[Path], RobotSource] = FETCHED[name]
        swap_folder(target, lambda folder: _make(source, folder))
    return LibraryCatalog(root).robot(name)


def _make(source: Callable[[Path], RobotSource], folder: Path) -> None:
    make_robot(source, folder)
    (folder / STAMP).write_text(_importers() + "\n")


def _is_current(folder: Path) -> bool:
    """Whether ``folder`` holds a robot and the importers that made it are the ones we have now."""
    stamp = folder / STAMP
    return (folder / CARD).is_file() and stamp.is_file() and stamp.read_text().strip() == _importers()


def _importers() -> str:
    """sha256 of the sources of all importers."""
    digest = hashlib.sha256()
    for path in sorted(Path(str(importers)).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
