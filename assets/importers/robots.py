"""Which robots the library has: those that are vendored, and those whose licence leaves them to be fetched."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from assets.importers.aloha import aloha
from assets.importers.panda import panda
from assets.importers.robot_mjcf import import_robot
from assets.importers.robot_source import RobotSource
from assets.importers.so101 import so101
from assets.importers.ur5e import ur5e
from assets.importers.xarm7 import xarm7
from pipeline.core.robot import RobotSpec

VENDORED: dict[str, Callable[[Path], RobotSource]] = {
    "aloha": aloha,
    "panda": lambda _: panda(),
    "so101": so101,
    "ur5e": lambda _: ur5e(),
}
FETCHED: dict[str, Callable[[Path], RobotSource]] = {"xarm7": xarm7}
"""Each takes an empty folder to unpack packages into."""


def make_robot(source: Callable[[Path], RobotSource], folder: Path) -> RobotSpec:
    """Import one robot into ``folder``; raises AssetError when its source cannot be had."""
    with tempfile.TemporaryDirectory(prefix="taskloom-robot-") as scratch:
        return import_robot(source(Path(scratch)), folder)
