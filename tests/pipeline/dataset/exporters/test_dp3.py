"""DP3's zarr: the cloud of a step is made from that step's depth, at any rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr

from pipeline.core.errors import DatasetError, UnknownNameError
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.clouds import point_clouds, views_of
from pipeline.dataset.exporting import ExportRequest, export_dataset
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part
from pipeline.dataset.reader import DatasetReader


@pytest.fixture(scope="module")
def deep(builder, motions, tmp_path_factory: pytest.TempPathFactory) -> DatasetReader:
    folder = tmp_path_factory.mktemp("deep")
    episodes = [motions.episode(builder, k, steps=5 + k, size=(16, 20), depth=True) for k in range(2)]
    write_part(folder / "part", episodes, store=builder.ToyStore())
    pack([folder / "part"], folder / "dataset.zarr", meta=DatasetMeta(name="deep"))
    return DatasetReader(folder / "dataset.zarr")


@pytest.mark.parametrize("form", ["v2", "dual"])
def test_clouds_are_those_of_the_fixed_camera(deep: DatasetReader, tmp_path: Path, form: str) -> None:
    export_dataset(deep, tmp_path / "z", format="dp3", options={"points": "64", "form": form})
    root = zarr.open_group(tmp_path / "z", mode="r", zarr_format=2)
    assert sorted(root["data"].array_keys()) == sorted(
        ["action", "img", "point_cloud", "progress", "rgb_wrist", "stage", "state"]
    )
    wanted = point_clouds(views_of(deep.episode(1), ["front"], colour=True), points=64)
    np.testing.assert_array_equal(root["data/point_cloud"][5:], wanted)
    assert root["data/point_cloud"].shape == (11, 64, 6)
    assert root["data/point_cloud"].attrs["names"] == ["x", "y", "z", "r", "g", "b"]


def test_a_lower_rate_and_both_cameras(deep: DatasetReader, tmp_path: Path) -> None:
    options = {"points": 32, "cameras": "front,wrist", "colour": "false", "bounds": "-9,-9,-9,9,9,9"}
    export_dataset(deep, tmp_path / "z", format="dp3", options=options, request=ExportRequest(hz=10))
    got = zarr.open_group(tmp_path / "z", mode="r")["data/point_cloud"]
    views = views_of(deep.episode(1), ["front", "wrist"], colour=False)
    np.testing.assert_array_equal(got[3:], point_clouds(views, points=32)[::2])


def test_datasets_without_depth_are_refused(reader: DatasetReader, deep: DatasetReader, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="without depth"):
        export_dataset(reader, tmp_path / "z", format="dp3")
    with pytest.raises(UnknownNameError, match="Did you mean 'front'"):
        export_dataset(deep, tmp_path / "z", format="dp3", options={"cameras": "frnt"})
    assert not (tmp_path / "z").exists()
