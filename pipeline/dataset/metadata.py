"""Checks of a store's metadata against what the layout allows, before anything believes it."""

from __future__ import annotations

import json
import math
import re
from typing import Any, TypeGuard

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.core.errors import DatasetError
from pipeline.dataset.journal import PATH_PATTERN, SHA256_PATTERN

ITEM_BYTES = {
    "bool": 1, "uint8": 1, "uint16": 2, "int32": 4, "int64": 8, "float32": 4, "float64": 8, "string": 8,
}  # fmt: skip
"""Types an array may have, and the bytes of an item; of a text, of the reference to it."""
CODECS = {"bytes", "vlen-utf8", "zstd", "blosc", "crc32c", "sharding_indexed"}
CHUNK_BYTES, SHARD_BYTES, SHARDS = 2**28, 2**30, 2**20
"""Most that a chunk and a shard may hold uncompressed, and most shards of an array of a part."""
ROW_AXES = 4


class Counts(BaseModel):
    """Episodes and frames of a split."""

    model_config = ConfigDict(strict=True)
    episodes: int = Field(ge=0)
    frames: int = Field(ge=0)


class RootAttributes(BaseModel):
    """The root attributes that a reader relies on; others are allowed and are not believed."""

    model_config = ConfigDict(strict=True)
    name: str
    license: str
    episodes: int = Field(ge=1, le=2**31)
    frames: int = Field(ge=1, le=2**40)
    control_hz: float = Field(gt=0, le=1e6)
    action_default: str
    robot: dict[str, Any]
    cameras: dict[str, dict[str, Any]]
    channels: list[str]
    slots: dict[str, int]
    tasks: list[dict[str, Any]]
    arrays: dict[str, list[str]]
    splits: dict[str, Counts]
    stats: dict[str, dict[str, Any]]
    stats_episodes: int = Field(ge=0)
    files: dict[str, tuple[int, str]]


def parsed(content: bytes, place: str) -> dict[str, Any]:
    """A metadata file as JSON; raises :class:`DatasetError`."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"The metadata of {place!r} is not JSON ({error}); copy or pack it again.") from error
    if not isinstance(document, dict):
        raise DatasetError(f"The metadata of {place!r} is no JSON object; this is no dataset of ours.")
    return document


def check_attributes(attrs: dict[str, Any], place: str) -> None:
    """Raise :class:`DatasetError` for root attributes of wrong types, and for paths that lead out of the store."""
    try:
        RootAttributes.model_validate_json(json.dumps({k: attrs.get(k) for k in RootAttributes.model_fields}))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DatasetError(
            f"Attribute {where!r} of {place!r} is wrong: {first['msg']}. Pack or copy it again."
        ) from None
    arrays = [f"{group}/{name}" for group, names in attrs["arrays"].items() for name in names]
    check_paths([*arrays, *attrs["files"]], place)
    for path, (size, sha) in attrs["files"].items():
        if size < 0 or not re.fullmatch(SHA256_PATTERN, sha):
            raise DatasetError(f"{place!r} lists {path!r} with size {size} and checksum {sha!r}; copy it again.")


def check_paths(paths: list[str], place: str) -> list[str]:
    """The paths, if all are relative and stay inside the store; else raises :class:`DatasetError`."""
    for path in paths:
        if not re.fullmatch(PATH_PATTERN, path):
            raise DatasetError(f"{place!r} lists {path!r}, which is no path inside it; do not trust this dataset.")
    return paths


def check_array(document: dict[str, Any], what: str, *, shards: int | None) -> None:
    """Raise :class:`DatasetError` when an array is not of a kind that the layout has, or larger than it can be.

    ``shards`` is the number of files that the root lists for it; an array may not claim to have more.
    """
    kind, shape = document.get("data_type"), document.get("shape")
    if document.get("node_type") != "array" or document.get("zarr_format") != 3:
        raise DatasetError(f"{what} is not a Zarr version 3 array; this is no dataset of ours.")
    if not isinstance(kind, str) or kind not in ITEM_BYTES:
        raise DatasetError(f"{what} has type {kind!r}; allowed are {', '.join(ITEM_BYTES)}. Do not trust this dataset.")
    if not _is_shape(shape) or not 1 <= len(shape) <= ROW_AXES:
        raise DatasetError(f"{what} has the shape {shape!r}, which no array of ours has.")
    outer = _chunk_shape(document.get("chunk_grid"), what)
    inner = _inner_chunk(document, what)
    if document.get("storage_transformers"):
        raise DatasetError(f"{what} uses storage transformers, which the layout does not have.")
    encoding = document.get("chunk_key_encoding")
    if not isinstance(encoding, dict) or encoding.get("name") not in ("default", "v2"):
        raise DatasetError(f"{what} names its chunks in a way that the layout does not have: {encoding!r}.")
    row, item = shape[1:], ITEM_BYTES[kind]
    for chunk, limit, word in ((inner or outer, CHUNK_BYTES, "chunks"), (outer, SHARD_BYTES, "shards")):
        if len(chunk) != len(shape) or list(chunk[1:]) != row or chunk[0] < 1:
            raise DatasetError(f"{what} has {word} of {chunk}, which do not hold whole rows of {row}.")
        if math.prod(chunk) * item > limit:
            raise DatasetError(f"{what} has {word} of {math.prod(chunk) * item} bytes; at most {limit} are allowed.")
    claimed = -(-shape[0] // outer[0])
    if claimed > (SHARDS if shards is None else shards):
        raise DatasetError(
            f"{what} claims {claimed} files for its {shape[0]} rows, more than the {shards} that are listed."
        )


def shards_listed(files: dict[str, Any]) -> dict[str, int]:
    """How many shard files a root lists for every array."""
    counts: dict[str, int] = {}
    for path in files:
        array, found, _ = path.partition("/c/")
        if found:
            counts[array] = counts.get(array, 0) + 1
    return counts


def chunks_a_shard(document: dict[str, Any]) -> int | None:
    """How many chunks a shard of a checked array holds; None for an array without shards."""
    inner = _inner_chunk(document, "array")
    return None if inner is None else -(-_chunk_shape(document["chunk_grid"], "array")[0] // inner[0])


def _chunk_shape(grid: Any, what: str) -> list[int]:
    shape = grid.get("configuration", {}).get("chunk_shape") if isinstance(grid, dict) else None
    if not isinstance(grid, dict) or grid.get("name") != "regular" or not _is_shape(shape):
        raise DatasetError(f"{what} has the chunk grid {grid!r}; the layout has regular ones.")
    return shape


def _inner_chunk(document: dict[str, Any], what: str) -> list[int] | None:
    """The chunk inside a shard, if there are shards; every codec must be one of those that the layout uses."""
    codecs = document.get("codecs")
    names = _codec_names(codecs, what)
    if not isinstance(codecs, list) or "sharding_indexed" not in names:
        return None
    if len(codecs) != 1:
        raise DatasetError(f"{what} has codecs around its shards: {names}.")
    settings = codecs[0].get("configuration", {})
    for key in ("codecs", "index_codecs"):
        if "sharding_indexed" in _codec_names(settings.get(key), what):
            raise DatasetError(f"{what} has shards inside shards, which the layout does not have.")
    if not _is_shape(settings.get("chunk_shape")):
        raise DatasetError(f"{what} has shards without a chunk shape.")
    return settings["chunk_shape"]


def _codec_names(codecs: Any, what: str) -> list[str]:
    entries = codecs if isinstance(codecs, list) else []
    names = [c.get("name") if isinstance(c, dict) else None for c in entries]
    if not names or any(name not in CODECS for name in names):
        raise DatasetError(f"{what} has the codecs {names}; allowed are {', '.join(sorted(CODECS))}. Do not trust it.")
    return [str(name) for name in names]


def _is_shape(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(n) is int and 0 <= n < 2**53 for n in value)
