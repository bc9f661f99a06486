"""DatasetFiles: the files of assets and robots, out of the dataset that uses them."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from pathlib import Path, PurePosixPath

from pipeline.core.asset import AssetSpec
from pipeline.core.errors import AssetError, OutputError
from pipeline.core.robot import RobotSpec
from pipeline.dataset.reader import DatasetReader


class DatasetFiles:
    """A :class:`pipeline.core.doors.FileStore` over a dataset.

    Folders are materialised once, under ``cache`` or, without one, under a temporary folder that goes with the object.
    """

    def __init__(self, reader: DatasetReader, cache: Path | None = None) -> None:
        self._reader = reader
        self._cache = cache or Path(tempfile.mkdtemp(prefix="taskloom-files-"))
        if cache is None:
            weakref.finalize(self, shutil.rmtree, self._cache, ignore_errors=True)
        self._checked: set[str] = set()

    def folder(self, spec: AssetSpec | RobotSpec) -> Path:
        """A folder that holds ``spec.files`` under their relative paths, checksums verified.

        Raises :class:`AssetError` when the dataset does not hold them whole.
        """
        folder = self._cache / spec.sha256
        if spec.sha256 in self._checked:
            return folder
        if not _holds(folder, spec):
            self._materialise(folder, spec)
        self._checked.add(spec.sha256)
        return folder

    def read(self, spec: AssetSpec | RobotSpec, path: str) -> bytes:
        """The bytes of one of ``spec.files``; raises :class:`AssetError`."""
        if path not in spec.files:
            raise AssetError(f"{spec.name!r} has no file {path!r}; it has {', '.join(sorted(spec.files))}.")
        return self._reader.blob(spec.files[path])

    def _materialise(self, folder: Path, spec: AssetSpec | RobotSpec) -> None:
        """Several processes may share the cache: each writes a folder of its own, the first to finish names it."""
        contents = {_inside(spec, name): self.read(spec, name) for name in spec.files}
        self._cache.mkdir(parents=True, exist_ok=True)
        if folder.exists():
            shutil.rmtree(folder, ignore_errors=True)
        tmp = Path(tempfile.mkdtemp(prefix=f"{spec.name}-", dir=self._cache))
        try:
            for name, content in contents.items():
                (tmp / name).parent.mkdir(parents=True, exist_ok=True)
                (tmp / name).write_bytes(content)
            tmp.rename(folder)
        except OSError as error:
            shutil.rmtree(tmp, ignore_errors=True)
            if not _holds(folder, spec):
                raise OutputError(f"Cannot write the cache {str(self._cache)!r}: {error.strerror}.") from error


def _holds(folder: Path, spec: AssetSpec | RobotSpec) -> bool:
    for name, sha in spec.files.items():
        file = folder / _inside(spec, name)
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != sha:
            return False
    return folder.is_dir()


def _inside(spec: AssetSpec | RobotSpec, name: str) -> PurePosixPath:
    """A dataset from elsewhere must not write outside its folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise AssetError(
            f"{spec.name!r} lists the file {name!r}, which lies outside its folder; do not trust this data."
        )
    return path
