"""The index of a shard, made again from what is left of it: chunks follow each other, the first at byte 0.

Zarr v3, sharding_indexed: the file ends with an (offset, length) of every chunk as little-endian uint64 and their
crc32c. An entry that one damaged byte has hit follows from its neighbours; the rest of the index confirms it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import google_crc32c
import numpy as np
import zarr
from numpy.typing import NDArray

ENTRY, CHECKSUM = 16, 4  # bytes
ABSENT = np.uint64(2**64 - 1)
Guess = Literal["lengths", "offsets"]
GUESSES: tuple[Guess, ...] = ("lengths", "offsets")


def reindexed(folder: Path, path: str, number: int, *, guess: Guess) -> bytes:
    """What shard ``number``, the file ``path`` of a store, may have been, if one entry of its index was damaged.

    ``guess`` says what is believed of the index, the lengths of the chunks or their offsets.
    """
    content = (folder / path).read_bytes()
    array = zarr.open_array(folder / path.partition("/c/")[0], mode="r", zarr_format=3)
    if array.shards is None:
        raise ValueError(f"{path!r} is no shard")
    total = array.shards[0] // array.chunks[0]
    rows = min(array.shards[0], array.shape[0] - number * array.shards[0])
    count, size = -(-rows // array.chunks[0]), len(content) - total * ENTRY - CHECKSUM
    if size < 0 or count < 1:
        raise ValueError(f"{path!r} is shorter than its index")
    offsets, lengths = np.frombuffer(content[size:-CHECKSUM], "<u8").reshape(-1, 2)[:count].T
    believed = lengths if guess == "lengths" else np.diff(np.append(offsets, np.uint64(size)))
    return content[:size] + _index(believed, total)


def _index(lengths: NDArray[np.uint64], total: int) -> bytes:
    index = np.full((total, 2), ABSENT, "<u8")
    index[: len(lengths), 1] = lengths
    index[: len(lengths), 0] = np.cumsum(lengths) - lengths
    packed = index.tobytes()
    return packed + google_crc32c.value(packed).to_bytes(CHECKSUM, "little")
