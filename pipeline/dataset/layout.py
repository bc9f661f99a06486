"""The on-disk layout as code: names, types, chunks, shards and codecs. Its specification is LAYOUT.md beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from zarr.abc.codec import BytesBytesCodec
from zarr.codecs import BloscCodec, Crc32cCodec, ZstdCodec

from pipeline.core.robot import RobotSpec

SCHEMA_VERSION = 2
DATA, META, ASSETS = "data", "meta", "assets"
COMMIT_MARKER = "episode_ends"
OBJECT_SLOTS, JOINT_SLOTS = 16, 8
"""Columns of ``object_pose`` and ``object_joint`` unless a dataset's creation declares others."""
ACTION_DEFAULT = "action_joint_pos"
"""The action space that ``action`` is in."""
ZSTD_LEVEL = 3
IMAGE_CHUNK_ROWS, IMAGE_SHARD_BYTES, IMAGE_SHARD_ROWS = 4, 512 * 2**20, 16384
TABLE_CHUNK_ROWS, TABLE_SHARD_BYTES, TABLE_SHARD_ROWS = 1024, 128 * 2**20, 2**18
TEXT_CHUNK_ROWS, TEXT_SHARD_ROWS = 64, 8192
BYTES_CHUNK, BYTES_SHARD = 2**18, 2**26
TEXT = "string"
RAGGED = frozenset({"object_pose", "object_joint", "final_object_pose", "final_object_joint"})
"""Arrays of which an episode uses the first columns only; the others are NaN."""


@dataclass(frozen=True)
class ArraySpec:
    """One array: ``row`` is the shape of what one index of the first axis holds, ``attrs`` what a reader must know."""

    name: str
    dtype: str
    row: tuple[int, ...] = ()
    attrs: dict[str, Any] = field(default_factory=dict)

    @property
    def image(self) -> bool:
        """Whether a row is an image: (height, width, 3) or (height, width) whole numbers."""
        return self.dtype.startswith("uint") and len(self.row) in (2, 3)

    @property
    def text(self) -> bool:
        """Whether a row is a text."""
        return self.dtype == TEXT

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, uncompressed; of a text, of the reference to it."""
        return math.prod(self.row) * (8 if self.text else np.dtype(self.dtype).itemsize)

    @property
    def compressors(self) -> list[BytesBytesCodec]:
        """zstd, of depth with its two bytes apart; every chunk carries a checksum."""
        if self.dtype == "uint16":
            return [BloscCodec(cname="zstd", clevel=ZSTD_LEVEL, shuffle="shuffle", typesize=2), Crc32cCodec()]
        return [ZstdCodec(level=ZSTD_LEVEL, checksum=True)]

    @property
    def chunk_rows(self) -> int:
        """Rows a chunk."""
        if self.row == () and self.name == "bytes":
            return BYTES_CHUNK
        return IMAGE_CHUNK_ROWS if self.image else TEXT_CHUNK_ROWS if self.text else TABLE_CHUNK_ROWS

    @property
    def shard_rows(self) -> int:
        """Rows a shard, a whole multiple of the chunk."""
        if self.row == () and self.name == "bytes":
            return BYTES_SHARD
        if self.text:
            return TEXT_SHARD_ROWS
        most = min(TABLE_SHARD_ROWS, TABLE_SHARD_BYTES // self.row_bytes)
        if self.image:
            most = min(IMAGE_SHARD_ROWS, IMAGE_SHARD_BYTES // self.row_bytes)
        return max(1, most // self.chunk_rows) * self.chunk_rows


@dataclass(frozen=True)
class Dimensions:
    """What decides the shapes of ``data/``: the robot, camera sizes (height, width), their channels, and the slots."""

    robot: RobotSpec
    cameras: dict[str, tuple[int, int]]
    bodies: int = OBJECT_SLOTS
    joints: int = JOINT_SLOTS
    channels: tuple[str, ...] = ("rgb",)


def stored_name(name: str) -> str:
    """The array that holds ``name``: ``action_joint_pos`` is ``action``, which is not stored twice."""
    return "action" if name == ACTION_DEFAULT else name
