"""Assets and robots come out of the dataset that uses them, checked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import zarr

from pipeline.core.errors import AssetError
from pipeline.dataset.files import DatasetFiles
from pipeline.dataset.reader import DatasetReader


def test_every_file_of_a_scene_comes_back(packed: Path, builder, tmp_path: Path) -> None:
    reader = DatasetReader(packed)
    files = DatasetFiles(reader, tmp_path)
    scene = reader.episode(2).scene
    for spec in (scene.robot, *(p.asset for p in scene.placements)):
        folder = files.folder(spec)
        for path, content in builder.contents(spec.name).items():
            assert (folder / path).read_bytes() == content
            assert files.read(spec, path) == content
    assert len(list(tmp_path.iterdir())) == 4, "robot, cup, plate, cabinet and no leftovers"


def test_a_damaged_cache_is_mended(packed: Path, tmp_path: Path) -> None:
    reader = DatasetReader(packed)
    robot = reader.episode(0).scene.robot
    model = DatasetFiles(reader, tmp_path).folder(robot) / "model.xml"
    model.write_text("broken")
    assert DatasetFiles(reader, tmp_path).folder(robot) == model.parent
    assert model.read_text() == "<mujoco model='toybot'/>"


def test_without_a_cache_the_files_go_with_the_object(packed: Path) -> None:
    reader = DatasetReader(packed)
    files = DatasetFiles(reader)
    folder = files.folder(reader.episode(0).scene.robot)
    assert folder.is_dir()
    del files
    assert not folder.exists()


def test_an_asset_the_dataset_does_not_hold_is_an_error(packed: Path, builder) -> None:
    with pytest.raises(AssetError, match="under assets/"):
        DatasetFiles(DatasetReader(packed)).folder(builder.asset("stranger"))


def test_a_changed_blob_is_not_handed_out(packed: Path, builder, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(packed, tmp_path / "copy.zarr"))
    mesh = bytes.fromhex(builder.files("cup")["meshes/a.obj"])
    root = zarr.open_group(copy, mode="r+")
    (k,) = [k for k, sha in enumerate(root["assets/sha256"][:]) if sha.tobytes() == mesh]
    root["assets/bytes"][int(root["assets/ends"][k]) - 1] = 0
    files = DatasetFiles(DatasetReader(copy), tmp_path / "cache")
    with pytest.raises(AssetError, match="changed"):
        files.folder(builder.asset("cup"))
    assert not (tmp_path / "cache").exists()


def test_a_file_that_would_land_outside_its_folder_is_refused(packed: Path, builder, tmp_path: Path) -> None:
    cup = builder.asset("cup")
    evil = cup.model_copy(update={"files": {"../../evil.xml": cup.files["model.xml"]}})
    with pytest.raises(AssetError, match="outside"):
        DatasetFiles(DatasetReader(packed), tmp_path).folder(evil)
