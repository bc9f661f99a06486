"""Every asset of the library passes the physical check, and the check finds what is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from assets.catalog import LIBRARY, LibraryCatalog
from assets.check import Finding, check_assets
from pipeline.core.registry import Registry

CATALOG = LibraryCatalog()
PANDA = CATALOG.robot("panda")


def findings(catalog: LibraryCatalog, *names: str) -> list[Finding]:
    simulator = Registry("pipeline.sim", "simulator").get("mujoco")(catalog)
    try:
        return list(check_assets(names, catalog, {"mujoco": simulator}, robot=PANDA))
    finally:
        simulator.close()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A library of its own with a mug and the robot that scenes are made with."""
    for place in ("objects/mug", "robots/panda"):
        shutil.copytree(LIBRARY / place, tmp_path / place)
    return tmp_path


def change_card(root: Path, **values: object) -> LibraryCatalog:
    path = root / "objects" / "mug" / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    return LibraryCatalog(root)


@pytest.mark.physics
def test_every_asset_loads_rests_contains_and_moves_as_its_card_says() -> None:
    found = findings(CATALOG, *CATALOG.assets)
    assert {f.asset for f in found} == set(CATALOG.assets)
    assert [(f.asset, f.check, f.seen) for f in found if not f.ok] == []


@pytest.mark.physics
@pytest.mark.parametrize(
    ("values", "check"),
    [
        ({"licence": {"spdx": "unknown", "author": "unknown", "source": "a.obj"}}, "licence"),
        ({"mass": 60.0}, "mass"),
    ],
)
def test_a_card_that_says_nonsense_is_found(copied: Path, values: dict, check: str) -> None:
    assert check in [f.check for f in findings(change_card(copied, **values), "mug") if not f.ok]


def test_a_changed_file_is_found(copied: Path) -> None:
    model = copied / "objects" / "mug" / "model.xml"
    model.write_text(model.read_text().replace("base", "basis"))
    (first,) = findings(LibraryCatalog(copied), "mug")
    assert (first.check, first.ok) == ("card", False)
    assert "has changed" in first.seen
