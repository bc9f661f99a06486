"""How kernels are compiled: row by row, without re-ordered arithmetic, and cached beside the source.

A cached kernel holds the code of the kernels that it calls, yet numba renews it only when its own file changes. So the
stamp of every kernel here covers the files of all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def _digest() -> str:
    files = sorted(Path(__file__).parent.glob("_*.py"))
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()


SOURCES = _digest()
"""Digest of the files of all kernels."""


def kernel(function: Function) -> Function:
    """Compile at the first call, serially and with strict floating point; later processes read it from the cache."""
    compiled: Any = njit(cache=True)(function)
    index = compiled._cache._cache_file
    index._source_stamp = (*index._source_stamp, SOURCES)
    return compiled
