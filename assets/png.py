"""PNG writer whose bytes depend on the pixels and on zlib only, so that generated textures are reproducible."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def write_png(path: Path, image: NDArray[np.uint8]) -> None:
    """Write ``image`` (height, width, 3) as an 8-bit RGB PNG."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"Image for {str(path)!r} has shape {image.shape} {image.dtype}; expected (h, w, 3) uint8.")
    height, width, _ = image.shape
    rows = image.reshape(height, -1).astype(np.int16)
    # Filter 1 (difference to the left pixel) halves the size of smooth textures.
    rows[:, 3:] = rows[:, 3:] - image.reshape(height, -1)[:, :-3]
    raw = np.concatenate([np.ones((height, 1), np.uint8), (rows % 256).astype(np.uint8)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(raw.tobytes(), 9)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
