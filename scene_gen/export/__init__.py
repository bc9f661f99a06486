"""Scenes for other programs: one format a file, each ``def <format>(model, folder) -> Path`` of the file to open."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.errors import InvalidInputError, OutputError
from pipeline.core.physical_model import PhysicalModel
from pipeline.core.registry import Registry

Writer = Callable[[PhysicalModel, Path], Path]
FORMATS: Registry[Writer] = Registry("scene_gen.export", "format")
ARCHIVES = (".zip", ".usdz")


def export_scene(model: PhysicalModel, target: Path, *, format: str) -> Path:
    """Write a scene as a folder, or as an archive if ``target`` ends with .zip or .usdz; returns the file to open.

    Appears whole or not at all. Raises :class:`UnknownNameError` for the format, :class:`InvalidInputError` for an
    archive that the format has not, and :class:`OutputError` where ``target`` exists or cannot be written.
    """
    write = FORMATS.get(format)
    if target.suffix == ".usdz" and format != "usd":
        raise InvalidInputError(f"{target.name!r}: .usdz archives hold the format 'usd', not {format!r}; use .zip.")
    with _appearing(target) as place:
        folder = place / "scene"
        folder.mkdir()
        main = write(model, folder)
        made = _archive(main, place / f"archive{target.suffix}") if target.suffix in ARCHIVES else folder
        made.rename(target)
    return target if target.suffix in ARCHIVES else target / main.name


def _archive(main: Path, archive: Path) -> Path:
    if archive.suffix == ".usdz":
        from scene_gen.export.usd import usdz

        usdz(main, archive)
    else:
        shutil.make_archive(str(archive.with_suffix("")), "zip", main.parent)
    return archive


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    """A scratch folder beside ``target``, gone afterwards; what the body moves out of it appears at once."""
    if target.exists():
        raise OutputError(f"{str(target)!r} exists already. Remove it or choose another --out.")
    scratch: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        yield scratch
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"Cannot write {str(target)!r}: {error.strerror or error}. Nothing was left half-written; free space, make "
            "the folder writable or choose another --out."
        ) from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
