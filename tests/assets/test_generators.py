"""Generators reproduce the vendored files, so that the library can be audited and extended."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.build import CONTACT, GENERATORS, build
from assets.catalog import CONTACT_LIBRARY, LIBRARY, LibraryCatalog
from assets.draft import write_draft
from assets.png import write_png
from pipeline.core.errors import AssetError, UnknownNameError


@pytest.mark.parametrize("name", [*GENERATORS, *CONTACT])
def test_regenerating_gives_the_vendored_files(name: str, tmp_path: Path) -> None:
    registry, library = (CONTACT, CONTACT_LIBRARY) if name in CONTACT else (GENERATORS, LIBRARY)
    write_draft(registry.get(name)(), tmp_path / "objects" / name)
    made, vendored = tmp_path / "objects" / name, library / "objects" / name
    assert {p.name for p in made.iterdir()} == {p.name for p in vendored.iterdir()}
    for path in made.iterdir():
        if path.name != "card.json":
            assert path.read_bytes() == (vendored / path.name).read_bytes(), path.name
    new, old = LibraryCatalog(tmp_path).asset(name), LibraryCatalog().asset(name)
    assert new.files == old.files
    assert [len(g.grasps) for g in new.links.values()] == [len(g.grasps) for g in old.links.values()]


def test_rebuilding_without_the_source_package_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="sweethome3d-furniture"):
        build(["mug"], sweethome=tmp_path, root=tmp_path)
    with pytest.raises(UnknownNameError, match="Did you mean 'mug'"):
        build(["mugg"], sweethome=tmp_path, root=tmp_path)


def test_a_png_of_the_wrong_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected \(h, w, 3\)"):
        write_png(tmp_path / "a.png", np.zeros((4, 4), np.uint8))
