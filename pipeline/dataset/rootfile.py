"""The root ``zarr.json`` of a dataset: canonical, carrying a checksum of itself and of every other file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

ROOT_FILE = "zarr.json"
Manifest = dict[str, list[Any]]
"""Every file of a store but the root's by its path: its size in bytes and its SHA-256."""


def canonical(document: Any) -> bytes:
    """JSON as UTF-8 with sorted keys and no spaces; numbers as Python writes them, no NaN or infinity."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def root_document(attrs: dict[str, Any]) -> bytes:
    """The contents of the root file with these attributes, the attribute ``sha256`` being over all others."""
    plain = {k: v for k, v in attrs.items() if k != "sha256"}
    return canonical(_group(plain | {"sha256": _sha256(plain)}))


def self_consistent(content: bytes) -> bool:
    """Whether a root file is what :func:`root_document` would make of its attributes: no byte has changed."""
    try:
        return root_document(json.loads(content)["attributes"]) == content
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def entry(path: Path) -> list[Any]:
    """Size and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return [path.stat().st_size, digest.hexdigest()]


def _sha256(attrs: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(_group(attrs))).hexdigest()


def _group(attrs: dict[str, Any]) -> dict[str, Any]:
    return {"attributes": attrs, "node_type": "group", "zarr_format": 3}
