"""Verification names what is wrong, in which array and which episode."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import zarr

from pipeline.dataset.verify import Problem, verify


@pytest.fixture
def copy(packed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(packed, tmp_path / "copy.zarr"))


def change(place: Path, array: str, rows: int | slice, value: object) -> list[Problem]:
    """The findings, but for the checksum's, after a change."""
    zarr.open_group(place, mode="r+")[array][rows] = value
    problems = verify(place)
    assert any("sha256" in str(p) and p.array.startswith(array) for p in problems), "no change goes unnoticed"
    return [p for p in problems if "sha256" not in p.message]


def test_a_sound_dataset_has_no_problems(packed: Path) -> None:
    assert verify(packed) == []


@pytest.mark.parametrize(
    ("array", "row", "value", "episode", "words"),
    [
        ("data/state", 6, np.nan, 1, "NaN or infinite"),
        ("data/object_pose", 0, 1.0, 0, "must be NaN"),
        ("data/ee_pose", 23, 0.0, 3, "length is not 1"),
        ("data/action", 15, 0.0, 2, "changed since packing"),
        ("data/is_first", 6, True, 1, "first of its 9"),
        ("data/is_last", 13, False, 1, "last of its 9"),
        ("data/is_terminal", 13, False, 1, "last frame of a success"),
        ("data/timestamp", 16, 0.11, 2, "frame 2 is not at the control rate of 20.0 Hz"),
        ("data/stage", 0, 7, 0, "stage_names has 2"),
        ("data/progress", 0, 2.0, 0, "[0, 1]"),
        ("data/rgb_wrist", 20, 0, 3, "1 images are of one colour, first frame 2"),
        ("meta/episode_length", 2, 5, 2, "differs from the 4 rows"),
        ("meta/episode_task", 1, 9, 1, "not one of the 2 tasks"),
        ("meta/episode_checksum", 1, "0" * 64, 1, "differs"),
        ("meta/episode_instruction", 1, "Do something else.", 1, "differs"),
    ],
)
def test_a_changed_value_is_found_and_placed(
    copy: Path, array: str, row: int, value: object, episode: int, words: str
) -> None:
    found = [str(p) for p in change(copy, array, row, value)]
    assert any(text.startswith(f"{array}, episode {episode}: ") and words in text for text in found), found


def test_a_frozen_camera_is_found(copy: Path) -> None:
    frame = zarr.open_group(copy, mode="r")["data/rgb_front"][0]
    found = change(copy, "data/rgb_front", slice(0, 5), np.stack([frame] * 5))
    assert str(found[0]) == "data/rgb_front, episode 0: all 5 images are the same: the camera is frozen"
    assert [p.message.split(" over")[0] for p in found[1:]] == ["its mean"]


def test_a_lost_chunk_file_is_found_although_zarr_reads_zeros(copy: Path) -> None:
    (copy / "data" / "reward" / "c" / "0").unlink()
    assert any("missing" in str(p) and p.file == "data/reward/c/0" for p in verify(copy))


def test_a_file_that_does_not_belong_there_is_found(copy: Path) -> None:
    (copy / "notes.txt").write_text("mine")
    assert [p.file for p in verify(copy)] == ["notes.txt"]


def test_one_changed_byte_of_the_root_is_found(copy: Path) -> None:
    text = (copy / "zarr.json").read_text()
    (copy / "zarr.json").write_text(text.replace("toys", "joys", 1))
    assert [p.file for p in verify(copy)] == ["zarr.json"]


def test_a_lost_asset_file_is_found(copy: Path, builder) -> None:
    sha = builder.files("cup")["model.xml"]
    root = zarr.open_group(copy, mode="r+")
    (k,) = [k for k, name in enumerate(root["assets/sha256"][:]) if name.tobytes().hex() == sha]
    root["assets/bytes"][int(root["assets/ends"][k]) - 1] = 0
    assert [p.file or p.array for p in verify(copy)] == ["assets/bytes/c/0", f"assets/{sha}"]


def test_episode_ends_that_do_not_grow_are_found(copy: Path) -> None:
    zarr.open_group(copy, mode="r+")["meta/episode_ends"][1] = 3
    assert any(p.file == "meta/episode_ends/c/0" and "all episodes are hit" in str(p) for p in verify(copy))


def test_a_group_among_the_arrays_is_found(copy: Path) -> None:
    zarr.open_group(copy, mode="r+").create_group("meta/extra")
    assert "meta/extra: is a group; only arrays belong here" in [str(p) for p in verify(copy)]


def test_a_place_without_dataset_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    (problem,) = verify(tmp_path / "nowhere.zarr")
    assert "nowhere.zarr" in str(problem)
