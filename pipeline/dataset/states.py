"""A checksum of a world's trajectory, equal exactly when two runs visited bit-identical physical states."""

from __future__ import annotations

import hashlib

import numpy as np

from pipeline.core.errors import DatasetError
from pipeline.core.world import WorldState

PHYSICAL = ("pose", "velocity", "joint", "joint_velocity", "qpos", "qvel", "tcp")
"""Hashed in this order; contacts are left out because they are derived from these by the engine's own threshold."""


def trace_sha256(states: WorldState, final: WorldState) -> str:
    """SHA-256 over the observed ``states`` (batch axis = time) followed by the one ``final`` state.

    Per array: its name and shape as text, then its float32 bytes, little-endian, C order. Signed zeros and NaN count as
    the bits they are. Raises :class:`DatasetError` for arrays that are not float32 or a ``final`` that is not one row.
    """
    if len(final) != 1:
        raise DatasetError(f"The final state must be one row, got {len(final)}; pass final.rows(slice(k, k + 1)).")
    digest = hashlib.sha256()
    for part, state in (("states", states), ("final", final)):
        for name in PHYSICAL:
            array: np.ndarray = getattr(state, name)
            if array.dtype != np.float32:
                raise DatasetError(f"{part}.{name} is {array.dtype}; physical arrays must be float32, as simulated.")
            digest.update(f"{part}.{name}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array, "<f4").tobytes())
    return digest.hexdigest()
