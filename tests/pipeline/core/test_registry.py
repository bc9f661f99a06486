"""Registry by file name: what is found, what is not, and what a wrong name is told."""

import sys

import pytest

from pipeline.core.errors import UnknownNameError
from pipeline.core.registry import Registry


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A package with two entries, a private helper and an entry that cannot be imported."""
    package = tmp_path / "shelf"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "cup.py").write_text("def cup():\n    return 'a cup'\n")
    (package / "mug.py").write_text("mug = 'a mug'\n")
    (package / "_clay.py").write_text("_clay = 1\n")
    (package / "shard.py").write_text("raise RuntimeError('broken')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Registry[object]("shelf", "vessel")
    for name in [m for m in sys.modules if m.split(".")[0] == "shelf"]:
        del sys.modules[name]


def test_every_file_is_an_entry_but_those_with_an_underscore(registry):
    assert list(registry) == ["cup", "mug", "shard"]


def test_an_entry_is_what_the_file_exports_under_its_own_name(registry):
    assert registry.get("cup")() == "a cup"
    assert registry.get("mug") == "a mug"


def test_listing_imports_no_entry_so_a_broken_one_harms_nobody_else(registry):
    assert "shard" in registry
    assert registry.get("mug") == "a mug"
    assert "shelf.shard" not in sys.modules
    with pytest.raises(RuntimeError, match="broken"):
        registry.get("shard")


def test_a_misspelt_name_is_told_the_nearest_and_all_allowed_ones(registry):
    with pytest.raises(UnknownNameError, match=r"Unknown vessel 'mgu'. Did you mean 'mug'\? Allowed: cup, mug, shard."):
        registry.get("mgu")


def test_private_helpers_cannot_be_asked_for(registry):
    assert "_clay" not in registry
    with pytest.raises(UnknownNameError):
        registry.get("_clay")
