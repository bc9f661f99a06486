"""A scene on disk: ``scene.json``, and beside it ``files/`` with every byte of its assets, named by their sha256."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from assets.catalog import LibraryCatalog
from pipeline.core.asset import AssetSpec
from pipeline.core.doors import FileStore
from pipeline.core.errors import AssetError, InvalidInputError, OutputError
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec
from pipeline.dataset.atomic import new_directory

SCENE, FILES = "scene.json", "files"
SHOWN = 3  # mistakes of a scene file that a message lists


def save_scene(scene: SceneSpec, files: FileStore, out: Path) -> Path:
    """Write a scene folder, whole or not at all, and return its ``scene.json``; raises :class:`OutputError`."""
    if out.exists():
        raise OutputError(f"{str(out)!r} exists already. Remove it or choose another --out.")
    with new_directory(out) as folder:
        (folder / FILES).mkdir()
        for spec in (scene.robot, *(placement.asset for placement in scene.placements)):
            for path, sha in spec.files.items():
                if not (folder / FILES / sha).exists():
                    (folder / FILES / sha).write_bytes(files.read(spec, path))
        (folder / SCENE).write_text(scene.model_dump_json(indent=1) + "\n")
    return out / SCENE


def read_scene(path: Path) -> tuple[SceneSpec, FileStore]:
    """A scene folder or a scene's JSON file, and where its assets are: beside it, else in the library.

    Raises :class:`InvalidInputError` that names the file and its first mistakes.
    """
    file = path / SCENE if path.is_dir() else path
    try:
        scene = SceneSpec.model_validate_json(file.read_bytes())
    except OSError as error:
        raise InvalidInputError(
            f"Cannot read the scene {str(file)!r}: {error.strerror}. Give a folder or file that `taskloom scene build` "
            "wrote."
        ) from error
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, e['loc'])) or 'scene'}: {e['msg']}" for e in error.errors()]
        more = f" (and {len(wrong) - SHOWN} more)" if len(wrong) > SHOWN else ""
        raise InvalidInputError(f"{str(file)!r} is not a scene: {'; '.join(wrong[:SHOWN])}{more}.") from error
    blobs = file.parent / FILES
    return scene, SceneFiles(blobs) if blobs.is_dir() else LibraryCatalog()


class SceneFiles:
    """A :class:`pipeline.core.doors.FileStore` over a folder of blobs, laid out in a temporary folder."""

    def __init__(self, blobs: Path) -> None:
        self._blobs = blobs
        self._cache = Path(tempfile.mkdtemp(prefix="taskloom-scene-"))
        weakref.finalize(self, shutil.rmtree, self._cache, ignore_errors=True)

    def folder(self, spec: AssetSpec | RobotSpec) -> Path:
        """A folder that holds ``spec.files`` under their relative paths; raises :class:`AssetError`."""
        folder = self._cache / spec.sha256
        if not folder.exists():
            contents = {_inside(spec, path): self.read(spec, path) for path in spec.files}
            for path, content in contents.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
        return folder

    def read(self, spec: AssetSpec | RobotSpec, path: str) -> bytes:
        """The bytes of one of ``spec.files``; raises :class:`AssetError` where they are missing or changed."""
        if path not in spec.files:
            raise AssetError(f"{spec.name!r} has no file {path!r}; it has {', '.join(sorted(spec.files))}.")
        blob = self._blobs / spec.files[path]
        try:
            data = blob.read_bytes()
        except OSError as error:
            raise AssetError(
                f"{str(blob)!r}, the file {path!r} of {spec.name!r}, is missing ({error.strerror}). "
                "Build the scene again."
            ) from error
        if hashlib.sha256(data).hexdigest() != spec.files[path]:
            raise AssetError(f"{str(blob)!r}, the file {path!r} of {spec.name!r}, has changed. Build the scene again.")
        return data


def _inside(spec: AssetSpec | RobotSpec, name: str) -> PurePosixPath:
    """A scene from elsewhere must not write outside its folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise AssetError(
            f"{spec.name!r} lists the file {name!r}, which lies outside its folder; do not trust this scene."
        )
    return path
