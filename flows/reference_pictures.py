"""Reference pictures that a run is given: checked, copied into its folder, and known by their content."""

from __future__ import annotations

import hashlib
from pathlib import Path

from demo_solvers.path3d.pictures import LOOK, pictured
from flows.copying import copy_whole
from flows.folder import RunFolder
from pipeline.core.errors import InvalidInputError


def pictures_for(out: Path, given: Path | None) -> Path | None:
    """The reference pictures of a run in ``out``: what it began with if it goes on, else the given folder, all sound.

    Raises :class:`InvalidInputError`.
    """
    held = RunFolder(out).given_pictures
    place = held if held.is_dir() else given
    if place is None:
        return None
    folders = [p for p in sorted(place.iterdir()) if p.is_dir()] if place.is_dir() else []
    if not folders:
        raise InvalidInputError(
            f"--pictures {str(place)!r} holds no folder. Name one in which each thing has a folder of PNGs, called "
            "as its asset is."
        )
    for folder in folders:
        pictured(folder)
    return place


def digest_of_pictures(place: Path | None) -> str:
    """Short content address; empty for none."""
    if place is None:
        return ""
    digest = hashlib.sha256()
    for path in _files(place):
        digest.update(str(path.relative_to(place)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def keep_pictures(place: Path | None, folder: RunFolder, *, digest: str) -> None:
    """Copy the pictures that a run is given into its folder, whole or not at all; raises :class:`OutputError`."""
    if place is None or folder.given_pictures.exists():
        return
    copy_whole(
        _files(place),
        place,
        folder.given_pictures,
        is_same=lambda staged: digest_of_pictures(staged) == digest,
        called="Pictures",
    )


def _files(place: Path) -> list[Path]:
    return [p for p in sorted(place.glob("*/*")) if p.is_file() and (p.suffix == ".png" or p.name == LOOK)]
