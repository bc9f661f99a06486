"""The library catalogue hands out what its cards promise, or says what is wrong and what to do."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from assets.catalog import LIBRARY, LibraryCatalog
from pipeline.core.errors import AssetError, UnknownNameError


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(LIBRARY / "objects" / "block_red", tmp_path / "objects" / "block_red")
    shutil.copytree(LIBRARY / "robots" / "panda", tmp_path / "robots" / "panda")
    return tmp_path


def test_names_are_sorted_and_hold_the_first_set() -> None:
    catalog = LibraryCatalog()
    assert list(catalog.assets) == sorted(catalog.assets)
    assert {"mug", "bowl", "plate", "block_red", "cabinet", "table", "zone_red"} <= set(catalog.assets)
    assert catalog.robots == ("aloha", "panda", "so101", "ur5e")


def test_all_cards_load_well_under_a_second() -> None:
    start = time.perf_counter()
    catalog = LibraryCatalog()
    for name in catalog.assets:
        catalog.asset(name)
    catalog.robot("panda")
    assert time.perf_counter() - start < 1.0


def test_what_was_made_for_certain_tasks_is_found_by_name_and_not_offered() -> None:
    catalog = LibraryCatalog()
    assert "push_box" in catalog.made_for_tasks
    assert "push_box" not in catalog.assets
    box = catalog.asset("push_box")
    assert (catalog.folder(box) / box.model).is_file()
    assert LibraryCatalog(catalog.root / "elsewhere").made_for_tasks == ()


def test_an_unknown_name_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'block_red'"):
        LibraryCatalog().asset("blok_red")
    with pytest.raises(UnknownNameError, match="Did you mean 'panda'"):
        LibraryCatalog().robot("pandas")


def test_a_changed_file_is_refused_with_its_name_and_the_next_step(copy: Path) -> None:
    catalog = LibraryCatalog(copy)
    spec = catalog.asset("block_red")
    (copy / "objects/block_red/model.xml").write_text("<mujoco/>")
    with pytest.raises(AssetError, match=r"model\.xml.*has changed.*expected.*assets\.build"):
        catalog.folder(spec)
    with pytest.raises(AssetError, match="has changed"):
        catalog.read(spec, "model.xml")


def test_a_missing_file_is_refused(copy: Path) -> None:
    (copy / "robots/panda/meshes/link1_white.obj").unlink()
    catalog = LibraryCatalog(copy)
    with pytest.raises(AssetError, match=r"link1_white\.obj.*missing"):
        catalog.folder(catalog.robot("panda"))


def test_a_malformed_card_names_the_field(copy: Path) -> None:
    card = copy / "objects/block_red/card.json"
    values = json.loads(card.read_text())
    card.write_text(json.dumps({**values, "mass": -1}))
    with pytest.raises(AssetError, match="mass"):
        LibraryCatalog(copy).asset("block_red")
    card.write_text("{")
    with pytest.raises(AssetError, match=r"card\.json"):
        LibraryCatalog(copy).asset("block_red")


def test_a_card_in_the_wrong_folder_is_refused(copy: Path) -> None:
    (copy / "objects/block_red").rename(copy / "objects/block_blue")
    with pytest.raises(AssetError, match="expected 'block_blue'"):
        LibraryCatalog(copy).asset("block_blue")


def test_a_spec_of_other_content_is_not_served_with_the_librarys_files(copy: Path) -> None:
    catalog = LibraryCatalog(copy)
    spec = catalog.asset("block_red")
    older = spec.model_copy(update={"files": {**spec.files, "model.xml": "0" * 64}})
    assert catalog.folder(spec) == copy / "objects/block_red"
    with pytest.raises(AssetError, match="expected " + "0" * 64):
        catalog.folder(older)


def test_files_are_hashed_once_a_process(copy: Path) -> None:
    catalog = LibraryCatalog(copy)
    spec = catalog.asset("block_red")
    catalog.folder(spec)
    (copy / "objects/block_red/texture.png").unlink()
    assert catalog.folder(spec).is_dir()


def test_reading_a_file_that_the_card_does_not_list_is_refused() -> None:
    catalog = LibraryCatalog()
    spec = catalog.asset("block_red")
    assert catalog.read(spec, "model.xml").startswith(b"<mujoco")
    with pytest.raises(UnknownNameError, match=r"model\.xml"):
        catalog.read(spec, "../block_blue/model.xml")
