"""Opening stores that others made: everything is checked against limits before it is decoded, and nothing is run.

A store may lie about its shapes, name codecs that execute what they read, point out of its folder, or hold a few bytes
that decompress to terabytes. Zarr takes it at its word; so its metadata is read here first.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import zarr
from numcodecs.zstd import Zstd
from zarr.abc.store import ByteRequest, Store
from zarr.core.buffer import Buffer, BufferPrototype, default_buffer_prototype
from zarr.core.sync import sync
from zarr.storage import FsspecStore, LocalStore, WrapperStore

from pipeline.core.errors import DatasetError
from pipeline.dataset.access import DAMAGE
from pipeline.dataset.columns import TEXT
from pipeline.dataset.layout import DATA, META
from pipeline.dataset.metadata import check_array, chunks_a_shard, parsed
from pipeline.dataset.rootfile import ROOT_FILE

ROOT_BYTES, ARRAY_BYTES = 2**28, 2**20
"""Longest metadata of a root and of an array that are read at all."""
CHUNK_BYTES = 2**28
"""Most that one chunk may hold when it is decompressed."""
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
INDEX_ENTRY, INDEX_CHECKSUM, ABSENT = 16, 4, 2**64 - 1
"""Bytes of an entry (offset, length) of a shard's index and of its checksum; what stands for a chunk that is absent."""
SUMS = (0, 4)
"""Bytes of a checksum that may follow a chunk."""
TEXTS = {f"{META}/{name}" for name in TEXT}
DEPTH_ARRAY = f"{DATA}/depth_"


class GuardedStore(WrapperStore[Store]):
    """A store, read only, whose metadata has been checked, and whose chunks are looked at before they are decoded."""

    def __init__(self, store: Store, metadata: dict[str, bytes] | None = None) -> None:
        super().__init__(store)
        self.metadata = {} if metadata is None else metadata
        self._inside: dict[str, int | None] = {}

    def _with_store(self, store: Store) -> GuardedStore:
        return GuardedStore(store, self.metadata)

    def __str__(self) -> str:
        return str(self._store)

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        """The bytes at ``key``; raises ValueError for a chunk that claims to be larger than any of ours."""
        if byte_range is None and key in self.metadata:
            return prototype.buffer.from_bytes(self.metadata[key])
        value = await self._store.get(key, prototype, byte_range)
        if value is not None and not key.endswith(ROOT_FILE):
            for chunk in [value] if byte_range is not None else self._chunks(key, value):
                _check_chunk(key, chunk)
        return value

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Several of them."""
        return list(await asyncio.gather(*(self.get(key, prototype, part) for key, part in key_ranges)))

    def _chunks(self, key: str, shard: Buffer) -> list[Buffer]:
        """The chunks inside a whole shard; raises ValueError when its index is cut short or points out of it."""
        inside = self._chunks_a_shard(key.partition("/c/")[0])
        if inside is None:
            return [shard]
        size = len(shard) - inside * INDEX_ENTRY - INDEX_CHECKSUM
        if size < 0:
            raise ValueError(f"the shard {key!r} is shorter than its index")
        index = np.frombuffer(shard[size : len(shard) - INDEX_CHECKSUM].to_bytes(), "<u8").reshape(-1, 2)
        present = index[(index != ABSENT).any(axis=1)]
        if (present > size).any() or (present.sum(axis=1) > size).any():
            raise ValueError(f"the index of the shard {key!r} points out of it")
        return [shard[int(offset) : int(offset + length)] for offset, length in present]

    def _chunks_a_shard(self, array: str) -> int | None:
        """How many chunks a shard of the array holds; None when it has no shards or is not known."""
        if array not in self._inside:
            content = self.metadata.get(f"{array}/{ROOT_FILE}")
            self._inside[array] = None if content is None else chunks_a_shard(parsed(content, array))
        return self._inside[array]


def open_root(place: str) -> tuple[GuardedStore, dict[str, Any]]:
    """The store at a path or URL and its root attributes; raises :class:`DatasetError` when it has no sound root."""
    try:
        store = GuardedStore(_store(place))
        content = _read(store, [ROOT_FILE], limit=ROOT_BYTES)[ROOT_FILE]
    except (ImportError, *DAMAGE) as error:
        raise DatasetError(f"Nothing at {place!r} can be opened ({error}).") from error
    if content is None:
        raise DatasetError(f"There is no {ROOT_FILE} at {place!r}.")
    document = parsed(content, place)
    if document.get("node_type") != "group" or document.get("zarr_format") != 3:
        raise DatasetError(f"{place!r} is not the root group of a Zarr version 3 store.")
    attrs = document.get("attributes", {})
    if not isinstance(attrs, dict) or document.keys() - {"attributes", "node_type", "zarr_format"}:
        raise DatasetError(f"{place!r} has a root that is not ours: {sorted(document)}.")
    store.metadata[ROOT_FILE] = content
    return store, attrs


def open_arrays(store: GuardedStore, paths: Iterable[str], *, place: str, shards: dict[str, int] | None) -> zarr.Group:
    """The root group, once the metadata of the arrays at ``paths`` has been found sound; those absent are left out.

    ``shards`` says how many files each array may have at most (None: as many as it likes, within limits). Raises
    :class:`DatasetError` naming the array.
    """
    paths = list(paths)
    groups = sorted({path.rpartition("/")[0] for path in paths})
    found = _read(store, [f"{p}/{ROOT_FILE}" for p in [*groups, *paths]], limit=ARRAY_BYTES)
    for path in paths:
        content = found[f"{path}/{ROOT_FILE}"]
        if content is not None:
            most = None if shards is None else shards.get(path, 0)
            check_array(parsed(content, f"{place}/{path}"), f"{path!r} of {place!r}", shards=most)
    store.metadata |= {key: content for key, content in found.items() if content is not None}
    try:
        return zarr.open_group(store, mode="r", zarr_format=3, use_consolidated=False)
    except DAMAGE as error:
        raise DatasetError(f"{place!r} cannot be opened ({error}); copy or pack it again.") from error


def refuse_links(place: str) -> None:
    """Raise :class:`DatasetError` when a local store contains a link, which may point out of it."""
    folder = local_path(place)
    if folder is None:
        return
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            if path.is_symlink():
                raise DatasetError(f"{str(path)!r} is a link; a dataset has none. Do not trust it, or copy it with -L.")


def local_path(place: str) -> Path | None:
    """The folder that ``place`` names; None for a URL of anything but a local file."""
    if "://" not in place:
        return Path(place)
    parts = urlsplit(place)
    return Path(unquote(parts.path)) if parts.scheme in ("file", "local") else None


def _store(place: str) -> Store:
    folder = local_path(place)
    return FsspecStore.from_url(place, read_only=True) if folder is None else LocalStore(folder, read_only=True)


def _read(store: GuardedStore, keys: list[str], *, limit: int) -> dict[str, bytes | None]:
    """The contents of small files, all at once; raises ValueError when one is longer than ``limit`` bytes."""
    folder = Path(str(store._store.root)) if isinstance(store._store, LocalStore) else None
    for key in keys:
        if folder is not None and (folder / key).is_file() and (folder / key).stat().st_size > limit:
            raise DatasetError(f"{str(folder / key)!r} is longer than {limit} bytes; that is no metadata of ours.")

    async def one(key: str) -> bytes | None:
        if folder is None and await store.exists(key) and await store.getsize(key) > limit:
            raise DatasetError(f"{key!r} is longer than {limit} bytes; that is no metadata of ours.")
        value = await store._store.get(key, default_buffer_prototype())
        return None if value is None else value.to_bytes()

    async def all_of_them() -> list[bytes | None]:
        return list(await asyncio.gather(*(one(key) for key in keys)))

    return dict(zip(keys, sync(all_of_them()), strict=True))


def _check_chunk(key: str, chunk: Buffer) -> None:
    """Raise ValueError for what would take much more memory than it should: the codecs believe what a chunk says."""
    head = chunk[:18].to_bytes()
    if head[:4] == ZSTD_MAGIC:
        size = zstd_content_size(head)
        if size is None or size > CHUNK_BYTES:
            raise ValueError(f"a chunk of {key!r} claims {size} bytes, more than {CHUNK_BYTES}")
        if key.partition("/c/")[0] in TEXTS:
            _check_texts(key, chunk)
    elif key.startswith(DEPTH_ARRAY) and len(head) >= 16 and len(chunk) - int.from_bytes(head[12:16], "little") in SUMS:
        size = int.from_bytes(head[4:8], "little")
        if size > CHUNK_BYTES:
            raise ValueError(f"a chunk of {key!r} claims {size} bytes, more than {CHUNK_BYTES}")


def _check_texts(key: str, chunk: Buffer) -> None:
    """A chunk of texts begins with their number, for which the codec reserves memory at once."""
    plain: Any = Zstd().decode(chunk.to_bytes())
    count = int.from_bytes(bytes(plain[:4]), "little")
    if count * 4 + 4 > len(plain):
        raise ValueError(f"a chunk of {key!r} claims {count} texts in {len(plain)} bytes")


def zstd_content_size(head: bytes) -> int | None:
    """Decompressed bytes that the header of a Zstandard frame states (RFC 8878, 3.1.1.1); None if it states none."""
    descriptor = head[4]
    flag, single = descriptor >> 6, descriptor >> 5 & 1
    start = 5 + (0 if single else 1) + (0, 1, 2, 4)[descriptor & 3]
    width = (1 if single else 0, 2, 4, 8)[flag]
    if not width or len(head) < start + width:
        return None
    return int.from_bytes(head[start : start + width], "little") + (256 if width == 2 else 0)
