"""Stores that were made to do harm are refused with a message, before time or memory explodes; nothing is unpickled."""

from __future__ import annotations

import json
import pickle
import resource
import shutil
import struct
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import zarr

from pipeline.core.errors import DatasetError
from pipeline.dataset import open_dataset
from pipeline.dataset.guard import zstd_content_size
from pipeline.dataset.rootfile import root_document
from pipeline.dataset.verify import verify
from pipeline.dataset.windows import Windows, WindowSpec

MOST_BYTES, MOST_SECONDS = 150e6, 20.0


@pytest.fixture
def copy(packed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(packed, tmp_path / "copy.zarr"))


def change_root(place: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Another root that is consistent with itself: its author knows the layout."""
    attrs = json.loads((place / "zarr.json").read_text())["attributes"]
    change(attrs)
    (place / "zarr.json").write_bytes(root_document(attrs))


def change_array(place: Path, array: str, change: Callable[[dict[str, Any]], object]) -> None:
    path = place / array / "zarr.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def refused(place: Path, words: str, read: Callable[[Any], object] | None = None) -> None:
    """Opening, and reading if need be, fails with a message that says ``words``, cheaply; so does verifying."""
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(DatasetError, match=words):
            _use(place, read)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES
    assert time.process_time() - began < MOST_SECONDS
    if read is None:
        assert verify(place), "verification must not call it sound"


def _use(place: Path, read: Callable[[Any], object] | None) -> None:
    reader = open_dataset(place)
    assert read is not None, "it was opened"
    read(reader)


def inner(document: dict[str, Any]) -> dict[str, Any]:
    return document["codecs"][0]["configuration"]


def an_object_type(document: dict[str, Any]) -> None:
    document["data_type"] = {"name": "numpy.object", "configuration": {}}


def a_pickle_codec(document: dict[str, Any]) -> None:
    inner(document)["codecs"] = [{"name": "numcodecs.pickle", "configuration": {}}]


def a_pickle_serializer(document: dict[str, Any]) -> None:
    document["codecs"] = [{"name": "pickle", "configuration": {}}]


def a_billion_chunks(document: dict[str, Any]) -> None:
    document["shape"][0] = 10**9 * document["chunk_grid"]["configuration"]["chunk_shape"][0]


def a_billion_chunks_a_shard(document: dict[str, Any]) -> None:
    inner(document)["chunk_shape"][0] = 1
    document["chunk_grid"]["configuration"]["chunk_shape"][0] = 10**9


def a_shape_that_overflows(document: dict[str, Any]) -> None:
    document["shape"] = [2**62, 2**62]


def a_negative_shape(document: dict[str, Any]) -> None:
    document["shape"][0] = -1


def a_shape_of_text(document: dict[str, Any]) -> None:
    document["shape"] = "24"


def shards_within_shards(document: dict[str, Any]) -> None:
    inner(document)["codecs"] = json.loads(json.dumps(document["codecs"]))


def a_group(document: dict[str, Any]) -> None:
    document["node_type"] = "group"


def storage_transformers(document: dict[str, Any]) -> None:
    document["storage_transformers"] = [{"name": "anything"}]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (an_object_type, "has type"),
        (a_pickle_codec, "pickle"),
        (a_pickle_serializer, "pickle"),
        (a_billion_chunks, "claims 1000000000 files"),
        (a_billion_chunks_a_shard, "has shards of"),
        (a_shape_that_overflows, "shape"),
        (a_negative_shape, "shape"),
        (a_shape_of_text, "shape"),
        (shards_within_shards, "shards inside shards"),
        (a_group, "not a Zarr version 3 array"),
        (storage_transformers, "storage transformers"),
    ],
)
@pytest.mark.parametrize("array", ["data/action", "meta/episode_ends"])
def test_metadata_that_no_layout_of_ours_has_is_refused(
    copy: Path, array: str, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    change_array(copy, array, change)
    refused(copy, words)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("episodes", "many"),
        ("episodes", -1),
        ("frames", 2**70),
        ("control_hz", "fast"),
        ("arrays", ["action"]),
        ("arrays", {"data": "action"}),
        ("tasks", {"a": 1}),
        ("cameras", None),
        ("files", ["a"]),
        ("files", {"data/zarr.json": "x"}),
        ("stats", 3),
    ],
)
def test_attributes_of_wrong_types_are_named(copy: Path, key: str, value: object) -> None:
    change_root(copy, lambda attrs: attrs.update({key: value}))
    refused(copy, f"Attribute '{key}")


@pytest.mark.parametrize(
    "path", ["../../../etc/passwd", "/etc/passwd", "data/../../x", "data/./x", "data//x", "a\\b", ""]
)
def test_paths_that_climb_out_are_refused(copy: Path, path: str) -> None:
    change_root(copy, lambda attrs: attrs["files"].update({path: [1, "0" * 64]}))
    refused(copy, "no path inside it")


@pytest.mark.parametrize("name", ["../../secret", "..", "a/../../b"])
def test_arrays_that_lie_outside_are_refused(copy: Path, name: str) -> None:
    change_root(copy, lambda attrs: attrs["arrays"]["data"].append(name))
    refused(copy, "no path inside it")


def test_a_link_out_of_the_store_is_refused(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes((copy / "data/action/c/0/0").read_bytes())
    (copy / "data/action/c/0/0").unlink()
    (copy / "data/action/c/0/0").symlink_to(tmp_path / "secret")
    refused(copy, "is a link")


def test_a_folder_that_is_a_link_is_refused(copy: Path, tmp_path: Path) -> None:
    shutil.move(copy / "data", tmp_path / "elsewhere")
    (copy / "data").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    refused(copy, "is a link")


def test_foreign_zarr_is_refused(tmp_path: Path) -> None:
    zarr.open_group(tmp_path / "v3.zarr", mode="w", zarr_format=3).create_array("data", data=np.arange(3))
    zarr.open_group(tmp_path / "v2.zarr", mode="w", zarr_format=2).create_array("data", data=np.arange(3))
    zarr.create_array(tmp_path / "array.zarr", data=np.arange(3))
    refused(tmp_path / "v3.zarr", "not a committed dataset of ours")
    refused(tmp_path / "v2.zarr", "No dataset at")
    refused(tmp_path / "array.zarr", "not the root group")


@pytest.mark.parametrize(
    "content", [b"", b"not json", b"[]", b"null", b'{"node_type":"group"}', b"[" * 10**6, b"\xff\xfe"]
)
def test_a_root_that_is_no_root_is_refused(copy: Path, content: bytes) -> None:
    (copy / "zarr.json").write_bytes(content)
    refused(copy, "No dataset at")


def test_metadata_without_end_is_not_read(copy: Path) -> None:
    with (copy / "data" / "action" / "zarr.json").open("r+b") as file:
        file.truncate(2**40)
    refused(copy, "is longer than")


def shard_of(chunk: bytes, *, chunks: int) -> bytes:
    """A shard that holds one chunk, with a checksum that is right."""
    from google_crc32c import value

    index = struct.pack("<QQ", 0, len(chunk)) + b"\xff" * 16 * (chunks - 1)
    return chunk + index + struct.pack("<I", value(index))


def zstd_bomb(size: int) -> bytes:
    """A frame whose header states ``size`` bytes, followed by run-length blocks of zeros."""
    head = b"\x28\xb5\x2f\xfd" + bytes([0b11100000]) + struct.pack("<Q", size)
    return head + (struct.pack("<I", (128 * 1024) << 3 | 2)[:3] + b"\0") * 64


def test_a_chunk_that_decompresses_to_a_terabyte_is_not_decompressed(copy: Path) -> None:
    assert zstd_content_size(zstd_bomb(2**40)) == 2**40
    (copy / "data/action/c/0/0").write_bytes(shard_of(zstd_bomb(2**40), chunks=256))
    refused(copy, "claims 1099511627776 bytes", lambda reader: reader.episode(0).actions)


def endless_frame(size: int) -> bytes:
    """A sound frame that states no size and decompresses to ``size`` zeros: run-length blocks of 128 KiB."""
    count, block = size >> 17, 1 << 17
    blocks = (struct.pack("<I", block << 3 | 2 | (k == count - 1))[:3] + b"\0" for k in range(count))
    return b"\x28\xb5\x2f\xfd\x00\x58" + b"".join(blocks)


@pytest.mark.parametrize("engine", ["zarr", "tensorstore"])
def test_windows_do_not_decompress_a_chunk_without_end(copy: Path, engine: Literal["zarr", "tensorstore"]) -> None:
    (copy / "data/rgb_front/c/0/0/0/0").write_bytes(shard_of(endless_frame(2**31), chunks=shards_chunks(copy)))
    windows = Windows(copy, WindowSpec(observations=("rgb_front",)), engine=engine, memory=0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DatasetError, match="rgb_front"):
        windows[0]
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MOST_BYTES


def shards_chunks(place: Path) -> int:
    """How many chunks a shard of images has."""
    document = json.loads((place / "data/rgb_front/zarr.json").read_text())
    outer, inner = document["chunk_grid"]["configuration"], document["codecs"][0]["configuration"]
    return outer["chunk_shape"][0] // inner["chunk_shape"][0]


def test_a_chunk_that_claims_a_billion_texts_is_not_believed(copy: Path) -> None:
    from numcodecs.zstd import Zstd

    bomb = Zstd(level=3).encode(struct.pack("<I", 2**32 - 1) + b"\0" * 1000)
    for name in ("episode_json", "episode_id"):
        (copy / f"meta/{name}/c/0").write_bytes(shard_of(bytes(bomb), chunks=128))
    refused(copy, "claims 4294967295 texts", lambda reader: reader.episode(0).record)
    refused(copy, "claims 4294967295 texts", lambda reader: reader.column("episode_id"))


def test_a_shard_whose_index_points_out_of_it_is_refused(copy: Path) -> None:
    from google_crc32c import value

    index = struct.pack("<QQ", 2**50, 2**50) + b"\xff" * 16 * 255
    (copy / "data/action/c/0/0").write_bytes(b"x" * 100 + index + struct.pack("<I", value(index)))
    refused(copy, "data/action", lambda reader: reader.episode(0).actions)


class _Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.write_text, (Path(self.place), "sprung"))


def test_nothing_is_unpickled(copy: Path, tmp_path: Path) -> None:
    trap = pickle.dumps(_Trap(str(tmp_path / "sprung")))
    for file in (copy / "meta/episode_json/c/0", copy / "data/action/c/0/0"):
        file.write_bytes(trap)
    for change in (a_pickle_codec, a_pickle_serializer, an_object_type):
        other = Path(shutil.copytree(copy, tmp_path / f"{change.__name__}.zarr"))
        change_array(other, "meta/episode_json", change)
        with pytest.raises(DatasetError):
            open_dataset(other)
    reader = open_dataset(copy)
    for read in (
        lambda: reader.episode(0).record,
        lambda: reader.episode(0).actions,
        lambda: reader.column("episode_json"),
    ):
        with pytest.raises(DatasetError):
            read()
    with suppress(DatasetError):
        verify(copy)
    assert not (tmp_path / "sprung").exists()
