"""Rows of the big arrays of a dataset, read when asked for: through TensorStore where it can be, else through zarr.

TensorStore takes a quarter of zarr's time for a window of images, but a process forked from one that has used it must
not touch it (it aborts). So it is opened in the process that reads, not in the one that prepares: at once in the
workers of a loader, and in a main process only after ``PEEKS`` reads, so that one that looks at some samples and then
forks its workers does not spoil them. A fork of a process that did use it reads through zarr, and says so once.
"""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import zarr
from numpy.typing import NDArray

from pipeline.core.errors import DatasetError, InvalidInputError
from pipeline.dataset.access import DAMAGE, array_at
from pipeline.dataset.guard import open_arrays, open_root

Engine = Literal["auto", "tensorstore", "zarr"]
PEEKS = 32
"""Reads of a main process before it opens TensorStore by itself."""
_users: set[int] = set()
"""Processes that have used TensorStore: this one or those it was forked from."""

Ask = tuple[str, int, int]
"""An array's path in the store, and its rows from the first to before the last."""


class _Source(Protocol):
    def read(self, asks: Sequence[Ask]) -> list[NDArray[Any]]: ...


class RowReader:
    """Reads rows of the arrays of the dataset at ``place``, in whatever process it is used.

    It holds no open file when it is pickled or forked. Raises :class:`InvalidInputError` for an ``engine`` that cannot
    be had; ``auto`` takes the fastest that can.
    """

    def __init__(self, place: str, *, engine: Engine = "auto") -> None:
        self.place, self.engine = place, engine
        self._source: _Source | None = None
        self._process = 0
        self._reads = 0
        if engine == "tensorstore":
            _check_tensorstore(place)

    def __getstate__(self) -> dict[str, Any]:
        return {"place": self.place, "engine": self.engine, "_source": None, "_process": 0, "_reads": 0}

    def read(self, asks: Sequence[Ask]) -> list[NDArray[Any]]:
        """The rows (rows, ...) of each ask, all fetched together."""
        self._reads += 1
        return self._opened().read(asks)

    def _opened(self) -> _Source:
        if self._process != os.getpid():
            self._source, self._process = None, os.getpid()
        if self._wants_tensorstore():
            if not isinstance(self._source, _TensorStoreSource):
                self._source = _TensorStoreSource(self.place)
        elif self._source is None:
            self._source = _ZarrSource(self.place)
        return self._source

    def _wants_tensorstore(self) -> bool:
        if self.engine == "zarr" or (self.engine == "auto" and not _has_tensorstore(self.place)):
            return False
        if _users - {os.getpid()}:
            _warn_of_fork()
            return False
        worker = multiprocessing.parent_process() is not None
        return worker or self.engine == "tensorstore" or os.getpid() in _users or self._reads > PEEKS


class _ZarrSource:
    """Through zarr, one array after the other; any URL that fsspec opens. What is read is checked first."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._store, _ = open_root(place)
        self._arrays: dict[str, zarr.Array[Any]] = {}

    def read(self, asks: Sequence[Ask]) -> list[NDArray[Any]]:
        return [self._rows(*ask) for ask in asks]

    def _rows(self, path: str, start: int, stop: int) -> NDArray[Any]:
        try:
            if path not in self._arrays:
                root = open_arrays(self._store, [path], place=self._place, shards=None)
                self._arrays[path] = array_at(root, path)
            return np.asarray(self._arrays[path][start:stop])
        except DAMAGE as error:
            raise _damaged(self._place, path, error) from error


class _TensorStoreSource:
    """Through TensorStore, all asks at once; nothing is cached, so memory stays flat.

    It takes no more bytes from a chunk than the array's metadata, which the reader has checked, gives it.
    """

    def __init__(self, place: str) -> None:
        import tensorstore

        _users.add(os.getpid())
        self._place, self._open = place, tensorstore.open
        self._arrays: dict[str, Any] = {}

    def read(self, asks: Sequence[Ask]) -> list[NDArray[Any]]:
        futures = [self._array(path)[start:stop].read() for path, start, stop in asks]
        return [self._result(path, future) for (path, _, _), future in zip(asks, futures, strict=True)]

    def _array(self, path: str) -> Any:
        if path not in self._arrays:
            where = str((_local(self._place) / path).resolve()) + "/"
            spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": where}}
            self._arrays[path] = self._result(path, self._open(spec, read=True))
        return self._arrays[path]

    def _result(self, path: str, future: Any) -> Any:
        try:
            return future.result()
        except DAMAGE as error:
            raise _damaged(self._place, path, error) from error


def _local(place: str) -> Path:
    return Path(place.removeprefix("file://"))


def _has_tensorstore(place: str) -> bool:
    """Only for local files: elsewhere it would look for credentials and servers by other rules than fsspec."""
    return "://" not in place.removeprefix("file://") and find_spec("tensorstore") is not None


def _check_tensorstore(place: str) -> None:
    if "://" in place.removeprefix("file://"):
        raise InvalidInputError(f"TensorStore reads local datasets here, not {place!r}; take engine 'auto' or 'zarr'.")
    if find_spec("tensorstore") is None:
        raise InvalidInputError("TensorStore is not installed: pip install 'taskloom[fast]', or take engine 'zarr'.")


def _warn_of_fork() -> None:
    warnings.warn(
        "This process was forked from one that read with TensorStore, which must not be used in both, so it reads "
        "through zarr, more slowly. Start the loader's workers before the main process reads, or spawn them "
        "(multiprocessing_context='spawn').",
        RuntimeWarning,
        stacklevel=2,
    )


def _damaged(place: str, path: str, error: Exception) -> DatasetError:
    return DatasetError(
        f"{path!r} of {place!r} cannot be read ({error}); it is damaged or incomplete: verify the dataset, and repair "
        "it or copy it again."
    )
