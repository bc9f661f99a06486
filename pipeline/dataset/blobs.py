"""Content-addressed bytes in a dataset: files of assets and robots under ``files/``, their cards under ``specs/``."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import zarr
from zarr.codecs import ZstdCodec

from pipeline.core.asset import AssetSpec
from pipeline.core.errors import AssetError, DatasetError
from pipeline.core.robot import RobotSpec
from pipeline.dataset.access import DAMAGE, array_at

Card = AssetSpec | RobotSpec
_KINDS: dict[str, type[AssetSpec] | type[RobotSpec]] = {"asset": AssetSpec, "robot": RobotSpec}


def write_blob(group: zarr.Group, content: bytes, *, attrs: dict[str, Any] | None = None) -> str:
    """Store ``content`` as the uint8 array ``<sha256>``, once; returns the sha256."""
    name = hashlib.sha256(content).hexdigest()
    if name in group:
        return name
    array = group.create_array(
        name,
        shape=(len(content),),
        dtype="uint8",
        chunks=(max(1, len(content)),),
        compressors=[ZstdCodec(level=3)],
        attributes=attrs or {},
        config={"write_empty_chunks": True},
    )
    if content:
        array[:] = np.frombuffer(content, np.uint8)
    return name


def read_blob(group: zarr.Group, name: str) -> bytes:
    """The bytes stored under the sha256 ``name``; raises :class:`AssetError` when they are absent or changed."""
    try:
        content = np.asarray(array_at(group, name)[:], np.uint8).tobytes()
    except DAMAGE as error:
        raise AssetError(
            f"The dataset's {group.path}/{name} cannot be read ({error}); copy or pack it again."
        ) from error
    if hashlib.sha256(content).hexdigest() != name:
        raise AssetError(f"The dataset's {group.path}/{name} has changed since it was written; copy or pack it again.")
    return content


def write_card(group: zarr.Group, card: Card) -> str:
    """Store a card under its own sha256; raises :class:`DatasetError` when JSON cannot hold it exactly."""
    content = card.model_dump_json().encode()
    if type(card).model_validate_json(content).model_dump_json().encode() != content:
        raise DatasetError(f"{type(card).__name__} {card.name!r} does not survive JSON; look for inf or NaN in it.")
    kind = next(k for k, v in _KINDS.items() if isinstance(card, v))
    return write_blob(group, content, attrs={"kind": kind, "name": card.name})


def read_card(group: zarr.Group, name: str) -> Card:
    """The card with the sha256 ``name``; raises :class:`AssetError` when it is absent or changed."""
    content = read_blob(group, name)
    return _KINDS[str(group[name].attrs["kind"])].model_validate_json(content)
