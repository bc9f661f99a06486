from __future__ import annotations

import pytest

from pipeline.core.errors import InvalidInputError, OutputError, UnknownNameError
from pipeline.core.physical_model import PhysicalModel
from scene_gen.export import FORMATS, export_scene
from scene_gen.export._names import file_name, identifier


def test_the_formats_are_the_files_of_the_package() -> None:
    assert set(FORMATS) == {"mjcf", "usd"}


def test_an_unknown_format_names_the_nearest_and_leaves_nothing(one_of_everything, tmp_path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'mjcf'"):
        export_scene(one_of_everything, tmp_path / "out", format="mjfc")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_left_alone(one_of_everything, tmp_path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        export_scene(one_of_everything, tmp_path / "out", format="mjcf")
    assert [p.name for p in tmp_path.rglob("*")] == ["out", "mine.txt"]


def test_a_file_in_the_way_of_the_folder_is_named(one_of_everything, tmp_path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(OutputError, match="taken"):
        export_scene(one_of_everything, tmp_path / "taken" / "out", format="mjcf")


def test_a_usdz_of_another_format_is_refused(one_of_everything, tmp_path) -> None:
    with pytest.raises(InvalidInputError, match=r"use \.zip"):
        export_scene(one_of_everything, tmp_path / "out.usdz", format="mjcf")


def test_a_writer_that_fails_leaves_nothing(one_of_everything: PhysicalModel, tmp_path) -> None:
    broken = PhysicalModel(**{**vars(one_of_everything), "textures": {}})
    with pytest.raises(KeyError):
        export_scene(broken, tmp_path / "out", format="usd")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "plain"), [("cabinet/top drawer", "cabinet_top_drawer"), ("2nd", "_2nd")])
def test_identifiers_hold_letters_digits_and_underscores(name, plain) -> None:
    assert identifier(name) == plain


def test_file_names_of_links_stay_apart() -> None:
    assert file_name("a/b_c", "png") != file_name("a_b/c", "png")
