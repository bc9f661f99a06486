"""Healing: a damaged file made anew from what else is there, and taken only if it is the file that the root lists."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from pipeline.core.errors import TaskloomError
from pipeline.core.robot import RobotSpec
from pipeline.dataset import layout
from pipeline.dataset.access import DAMAGE
from pipeline.dataset.append import create
from pipeline.dataset.blobs import Assets
from pipeline.dataset.data_arrays import data_arrays
from pipeline.dataset.mending.derive import DERIVED, derived
from pipeline.dataset.mending.reindex import GUESSES, reindexed
from pipeline.dataset.meta_arrays import asset_arrays, meta_arrays
from pipeline.dataset.rootfile import ROOT_FILE


def healed(folder: Path, path: str, sha: str, *, attrs: dict[str, Any], dims: layout.Dimensions | None) -> bytes | None:
    """The contents that the file ``path`` of a dataset had, by its SHA-256; None when they cannot be made again.

    ``folder`` is the dataset, ``dims`` what its creation fixed, as far as its robot can be read.
    """
    for content in _candidates(folder, path, attrs, dims):
        try:
            made = content()
        except (TaskloomError, AssertionError, TypeError, *DAMAGE):
            continue
        if hashlib.sha256(made).hexdigest() == sha:
            return made
    return None


def _candidates(
    folder: Path, path: str, attrs: dict[str, Any], dims: layout.Dimensions | None
) -> list[Callable[[], bytes]]:
    """Ways to make the file again; each may fail for want of other files."""
    if path.endswith(f"/{ROOT_FILE}"):
        where = path.removesuffix(f"/{ROOT_FILE}")
        if "/" not in where:
            return [lambda: _written(lambda root: root.create_group("x"), f"x/{ROOT_FILE}")]
        return [lambda: _metadata(folder, where, attrs, dims)]
    array, _, key = path.partition("/c/")
    number, name = int(key.split("/")[0]), array.partition("/")[2]
    ways: list[Callable[[], bytes]] = [partial(reindexed, folder, path, number, guess=guess) for guess in GUESSES]
    if array.startswith(f"{layout.META}/") and name in DERIVED:
        ways.append(lambda: _encoded(folder, path, number, derived(folder, name, attrs)))
    return [*ways, lambda: _encoded(folder, path, number, None)]


def _metadata(folder: Path, where: str, attrs: dict[str, Any], dims: layout.Dimensions | None) -> bytes:
    """The metadata of an array as the packer writes it."""
    group, name = where.split("/")
    if group == layout.ASSETS:
        specs, rows = asset_arrays(), _content_rows(folder, name)
    else:
        assert dims is not None
        counted = {layout.DATA: attrs["frames"], layout.META: attrs["episodes"]}
        meta = meta_arrays(dof=dims.robot.dof, bodies=dims.bodies, joints=dims.joints)
        specs, rows = (data_arrays(dims) if group == layout.DATA else meta), counted[group]
    spec = specs[name]
    return _written(
        lambda root: create(root, spec, rows=rows, chunk=spec.chunk_rows, shard=spec.shard_rows), f"{name}/{ROOT_FILE}"
    )


def _content_rows(folder: Path, name: str) -> int:
    """Rows of an array of ``assets/``, by its siblings."""
    group = folder / layout.ASSETS
    if name == "bytes":
        return int(np.asarray(zarr.open_array(group / "ends", mode="r")[...])[-1])
    sibling = "kind" if name != "kind" else "ends"
    return zarr.open_array(group / sibling, mode="r").shape[0]


def _written(make: Any, path: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="taskloom-heal-") as tmp:
        make(zarr.open_group(tmp, mode="w-", zarr_format=3))
        return (Path(tmp) / path).read_bytes()


def _encoded(folder: Path, path: str, number: int, values: NDArray[Any] | None) -> bytes:
    """A shard written again from its rows, or from ``values`` of all rows."""
    array = path.partition("/c/")[0]
    source = zarr.open_array(folder / array, mode="r", zarr_format=3)
    size = source.shards[0] if source.shards else source.chunks[0]
    rows = slice(number * size, min((number + 1) * size, source.shape[0]))
    block = np.asarray(source[rows]) if values is None else values[rows]
    with tempfile.TemporaryDirectory(prefix="taskloom-heal-") as tmp:
        place = Path(tmp) / array
        place.mkdir(parents=True)
        (place / ROOT_FILE).write_bytes((folder / array / ROOT_FILE).read_bytes())
        with zarr.config.set({"array.write_empty_chunks": True}):
            zarr.open_array(place, mode="r+", zarr_format=3)[rows] = block
        return (Path(tmp) / path).read_bytes()


def dims_of(folder: Path, attrs: dict[str, Any]) -> layout.Dimensions | None:
    """What the creation of a dataset fixed, read past metadata that may be damaged; None without its robot's card."""
    try:
        root = zarr.open_group(folder, mode="r", zarr_format=3, use_consolidated=False)
        robot = Assets(root).card(attrs["robot"]["sha256"])
    except (TaskloomError, AttributeError, TypeError, *DAMAGE):
        return None
    if not isinstance(robot, RobotSpec):
        return None
    cameras = {name: (c["height"], c["width"]) for name, c in attrs["cameras"].items()}
    slots = attrs["slots"]
    return layout.Dimensions(robot, cameras, slots["objects"], slots["joints"], tuple(attrs["channels"]))
