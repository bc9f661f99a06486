"""Named random streams: every draw is reproducible from a seed and the name of what draws."""

from __future__ import annotations

import hashlib

import numpy as np


def stream_seed(seed: int, *names: str | int) -> int:
    """A 63-bit seed derived from ``seed`` and the names; independent of process and of call order."""
    text = "\x1f".join([str(int(seed)), *(f"{type(n).__name__}:{n}" for n in names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """The generator of the stream called ``names`` under ``seed``, e.g. ``stream(7, "scene_gen", task.name, 3)``."""
    return np.random.Generator(np.random.PCG64(stream_seed(seed, *names)))
