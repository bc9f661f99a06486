"""The store is Zarr v3 for anybody: TensorStore and the zarrs pipeline read every array as plain zarr does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tensorstore
import zarr

from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory, builder: ModuleType, meta: DatasetMeta) -> Path:
    """A dataset with colour, depth and segmentation."""
    folder = tmp_path_factory.mktemp("filmed")
    episodes = [
        builder.episode(seed, steps=steps, channels=("rgb", "depth", "seg")) for seed, steps in ((1, 5), (2, 9))
    ]
    write_part(folder / "part", episodes, store=builder.ToyStore())
    pack([folder / "part"], folder / "dataset.zarr", meta=meta)
    return folder / "dataset.zarr"


def test_the_images_of_every_channel_are_among_what_is_read(filmed: Path) -> None:
    names = {name for name, _ in arrays(zarr.open_group(filmed, mode="r"))}
    assert {"data/rgb_front", "data/depth_front", "data/seg_front", "data/action", "meta/episode_ends"} <= names


def test_tensorstore_reads_every_array_as_zarr_does(filmed: Path) -> None:
    for name, array in arrays(zarr.open_group(filmed, mode="r")):
        if array.dtype == np.dtypes.StringDType():
            continue  # TensorStore does not know the type
        spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{filmed}/{name}"}}
        found = tensorstore.open(spec, read=True).result().read().result()
        np.testing.assert_array_equal(found, array[:], err_msg=name)


def test_the_zarrs_pipeline_reads_every_array_as_zarr_does(filmed: Path) -> None:
    pytest.importorskip("zarrs")
    plain = {name: array[:] for name, array in arrays(zarr.open_group(filmed, mode="r"))}
    with zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline"}):
        for name, array in arrays(zarr.open_group(filmed, mode="r")):
            assert type(array.async_array.codec_pipeline).__module__.startswith("zarrs"), name
            np.testing.assert_array_equal(array[:], plain[name], err_msg=name)


def arrays(group: zarr.Group, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Names and arrays of the whole store."""
    for name, member in sorted(group.members()):
        place = f"{prefix}{name}"
        if isinstance(member, zarr.Array):
            yield place, member
        else:
            yield from arrays(member, f"{place}/")
