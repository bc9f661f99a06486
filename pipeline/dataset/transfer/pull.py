"""Pulling: a dataset from a URL, only the files that differ, every one checked, put into place as a whole.

<target>.pull/<sha256>    files on their way; a pull that is cut short, at any byte, goes on from them
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import numpy as np

from pipeline.core.errors import DatasetError, OutputError, TransferError
from pipeline.dataset.atomic import explained, new_directory
from pipeline.dataset.journal import Staging, recover
from pipeline.dataset.lock import writer_lock
from pipeline.dataset.metadata import check_attributes, parsed
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.rootfile import ROOT_FILE, Manifest, entry, self_consistent
from pipeline.dataset.transfer.push import THREADS, Heard, Transfer
from pipeline.dataset.transfer.remote import Remote, discreet

TRIES = 3
"""Times that a file whose checksum is wrong is fetched again: it may have changed while it was read."""


def pull(url: str, target: Path, *, replace: bool = False, check: bool = False, heard: Heard | None = None) -> Transfer:
    """Make the folder ``target`` hold the same dataset as ``url``; a pull that was cut short goes on.

    What is there may be an earlier state of it; anything else is refused unless ``replace`` is given. ``check`` reads
    what is there, so that damaged files are fetched again. Raises :class:`TransferError` naming the file that is not
    what the dataset lists, or when the server fails, and :class:`OutputError`.
    """
    with discreet(), _explaining(target), writer_lock(target):
        remote = Remote(url)
        recover(target)
        root = _root(remote)
        manifest = _manifest(root)
        known = _known(target)
        wanted = {p: v for p, v in manifest.items() if not _has(target, p, v, known=known, check=check)}
        folder = target.with_name(target.name + ".pull")
        fresh = _Fetch(remote, folder, heard=heard).fetch(wanted, root)
        grows = _grows(target, folder, wanted, manifest, known)
        if known and not grows and not replace:
            raise OutputError(
                f"{str(target)!r} holds another dataset, or one with other episodes before those of {remote.name!r}. "
                "Pull to another folder, or replace it (--replace)."
            )
        if wanted:
            _install(target, folder, wanted, manifest, known=known, grows=grows)
        if folder.exists():
            shutil.rmtree(folder)
        episodes = int(json.loads(root)["attributes"]["episodes"])
        kept = len(manifest) - len(wanted)
        return Transfer(files=len(wanted), bytes=fresh, kept=kept, episodes=episodes)


class _Fetch:
    def __init__(self, remote: Remote, folder: Path, *, heard: Heard | None) -> None:
        self._remote, self._folder, self._heard = remote, folder, heard
        self._lock, self._fresh = Lock(), 0

    def fetch(self, wanted: Manifest, root: bytes) -> int:
        """Bring the wanted files, each under its SHA-256; returns the bytes that came over the network."""
        total = sum(size for size, _ in wanted.values())
        contents = {sha: (path, size) for path, (size, sha) in wanted.items() if path != ROOT_FILE}
        self._folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda sha: self._one(*contents[sha], sha, total), contents))
        (self._folder / hashlib.sha256(root).hexdigest()).write_bytes(root)
        return self._fresh

    def _one(self, path: str, size: int, sha: str, total: int) -> None:
        target, waiting = self._folder / sha, self._folder / f"{sha}.part"
        if target.exists():
            return
        for _ in range(TRIES):
            self._remote.download(path, waiting, size=size, heard=lambda new: self._count(new, total))
            if entry(waiting) == [size, sha]:
                waiting.replace(target)
                return
            waiting.unlink()
        raise TransferError(
            f"{path!r} at {self._remote.name!r} is not what the dataset lists (sha256 {sha[:12]}...): it is damaged "
            "there, or somebody pushes at this moment. Pull again later, or push it again with --check."
        )

    def _count(self, new: int, total: int) -> None:
        with self._lock:
            self._fresh += new
            if self._heard is not None:
                self._heard(new, total)


def _root(remote: Remote) -> bytes:
    """The root file, whole and of a dataset that was committed."""
    content = remote.read(ROOT_FILE)
    if content is None:
        raise TransferError(f"There is no dataset at {remote.name!r}: it has no {ROOT_FILE}.")
    document = parsed(content, remote.name)
    attrs = document.get("attributes")
    if not isinstance(attrs, dict) or attrs.get("kind") != "dataset":
        raise TransferError(f"What is at {remote.name!r} is no dataset of ours.")
    check_attributes(attrs, remote.name)
    if not self_consistent(content):
        raise TransferError(f"{ROOT_FILE!r} at {remote.name!r} is damaged; push the dataset again.")
    return content


def _manifest(root: bytes) -> Manifest:
    files: Manifest = json.loads(root)["attributes"]["files"]
    return {p: list(v) for p, v in files.items()} | {ROOT_FILE: [len(root), hashlib.sha256(root).hexdigest()]}


def _known(target: Path) -> Manifest:
    """What the dataset that is there lists; nothing when there is none."""
    file = target / ROOT_FILE
    if not file.is_file():
        if target.exists() and any(target.iterdir()):
            raise OutputError(f"{str(target)!r} exists and is not a dataset; remove it or choose another place.")
        return {}
    return _manifest(file.read_bytes()) if self_consistent(file.read_bytes()) else {ROOT_FILE: entry(file)}


def _has(target: Path, path: str, value: list[int | str], *, known: Manifest, check: bool) -> bool:
    file = target / path
    if known.get(path) != value or not file.is_file() or file.stat().st_size != value[0]:
        return False
    return not check or entry(file) == value


def _grows(target: Path, folder: Path, wanted: Manifest, manifest: Manifest, known: Manifest) -> bool:
    """Whether the dataset that is there is an earlier state of the one that is to come."""
    if not known:
        return False
    with contextlib.suppress(DatasetError):
        before = DatasetReader(target).column("episode_id")
        merged = folder / "merged"
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(merged)
        _assemble(merged, target, folder, wanted, {p: v for p, v in manifest.items() if not p.startswith("data/")})
        _assemble(merged, target, folder, wanted, {p: v for p, v in manifest.items() if p.endswith(ROOT_FILE)})
        after = DatasetReader(merged).column("episode_id")
        shutil.rmtree(merged)
        return len(before) <= len(after) and bool(np.array_equal(before, after[: len(before)]))
    return False


def _install(target: Path, folder: Path, wanted: Manifest, manifest: Manifest, *, known: Manifest, grows: bool) -> None:
    if not grows:
        with new_directory(target) as tmp:
            _assemble(tmp, target, folder, wanted, manifest)
        return
    staging = Staging(target)
    staging.begin()
    _assemble(staging.store, target, folder, wanted, wanted)
    staging.commit(wanted, old={p: v for p, v in known.items() if (target / p).is_file()})


def _assemble(out: Path, target: Path, folder: Path, wanted: Manifest, manifest: Manifest) -> None:
    """The files of ``manifest``, those wanted from the fetched ones, the others as they are."""
    for path, (_, sha) in manifest.items():
        place = out / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            _link(folder / str(sha) if path in wanted else target / path, place)


def _link(source: Path, place: Path) -> None:
    try:
        os.link(source, place)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, place)


@contextlib.contextmanager
def _explaining(target: Path) -> Iterator[None]:
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise explained(target, error) from error
