"""What verification says of rows that are stored well but are not true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from pipeline.dataset import open_dataset
from pipeline.dataset.checks import images
from pipeline.dataset.checks.contents import content_problems, limits
from pipeline.dataset.checks.images import LagMeter, image_problems
from pipeline.dataset.checks.problem import spans
from pipeline.dataset.checks.stored import Stored, stored
from pipeline.dataset.verify import verify


@pytest.fixture(scope="module")
def episode(builder: Any, tmp_path_factory: pytest.TempPathFactory) -> Stored:
    from pipeline.dataset.attrs import DatasetMeta
    from pipeline.dataset.pack import pack
    from pipeline.dataset.part import write_part

    folder = tmp_path_factory.mktemp("checks")
    write_part(folder / "part", [builder.episode(1, steps=80)], store=builder.ToyStore())
    pack([folder / "part"], folder / "d.zarr", meta=DatasetMeta(name="d"))
    ((one, problems),) = list(stored(open_dataset(folder / "d.zarr")))
    assert one is not None
    assert not problems
    return one


def changed(episode: Stored, name: str, change: Callable[[np.ndarray], None]) -> Stored:
    array = episode.arrays[name].copy()
    change(array)
    return replace(episode, arrays=episode.arrays | {name: array})


def put(index: Any, value: float) -> Callable[[np.ndarray], None]:
    def change(array: np.ndarray) -> None:
        array[index] = value

    return change


def test_nothing_is_wrong_with_the_toys(episode: Stored) -> None:
    assert [*content_problems(episode), *image_problems(episode)] == []


@pytest.mark.parametrize(("name", "column", "beyond"), [("action", 1, 0.001), ("state", 1, 0.05), ("action", 3, 0.01)])
def test_joints_beyond_the_robots_card_are_found(episode: Stored, name: str, column: int, beyond: float) -> None:
    _, upper = limits(episode.scene.robot)
    hurt = changed(episode, name, put((7, column), upper[column] + beyond))
    told = [str(p) for p in content_problems(hurt) if "robot's card" in p.message]
    assert len(told) == 1
    assert told[0].startswith(f"data/{name}, episode 0: ")
    assert "frame 7" in told[0]


def test_a_measured_joint_may_overshoot_a_little(episode: Stored) -> None:
    _, upper = limits(episode.scene.robot)
    assert not list(content_problems(changed(episode, "state", put((7, 1), upper[1] + 0.01))))


def test_time_that_stands_still_is_found(episode: Stored) -> None:
    hurt = changed(episode, "timestamp", put(5, episode.arrays["timestamp"][4]))
    assert any("does not grow after frame 4" in p.message for p in content_problems(hurt))


def test_a_camera_that_leaves_its_mount_is_found(episode: Stored) -> None:
    for camera, where in (("front", "where its scene puts it"), ("wrist", "on 'hand'")):
        hurt = changed(episode, f"cam_T_{camera}", put((9, 0, 3), 7.0))
        (problem,) = image_problems(hurt)
        assert problem.array == f"data/cam_T_{camera}"
        assert f"frame 9: the camera is not {where}" in problem.message


def test_poses_of_the_hands_camera_that_are_a_frame_late_are_found(episode: Stored) -> None:
    late = np.roll(episode.arrays["cam_T_wrist"], 1, axis=0)
    hurt = replace(episode, arrays=episode.arrays | {"cam_T_wrist": late})
    assert [p.array for p in image_problems(hurt)] == ["data/cam_T_wrist"]


def test_a_picture_that_stands_while_the_tool_moves_through_it_is_found(
    episode: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "_in_view", lambda points, camera, one: np.ones(len(points), bool))
    stuck = episode.arrays["rgb_front"].copy()
    stuck[20:30] = stuck[20]
    hurt = replace(episode, arrays=episode.arrays | {"rgb_front": stuck})
    (problem,) = image_problems(hurt)
    assert "frames 20 to 29 are the same picture while the tool moves" in problem.message


def test_black_pictures_and_empty_depth_are_found(episode: Stored) -> None:
    black = changed(episode, "rgb_front", put(3, 0))
    assert "of one colour, first frame 3" in next(iter(image_problems(black))).message
    blind = replace(episode, arrays=episode.arrays | {"depth_front": np.zeros((80, 4, 6), np.uint16)})
    assert any("nothing has a distance at frame 0" in p.message for p in image_problems(blind))


@pytest.mark.parametrize("late", [-2, 0, 1, 3])
def test_pictures_that_come_late_or_early_are_found(episode: Stored, late: int) -> None:
    """A world that starts and stops, seen by a camera whose brightness follows it."""
    rng = np.random.default_rng(0)
    speed = rng.uniform(0, 1, 80) * (rng.random(80) > 0.5)
    way = np.cumsum(speed)
    tool = np.zeros((80, 7), np.float32)
    tool[:, 0], tool[:, 3] = way * 0.01, 1
    seen = np.interp(np.arange(80) - late, np.arange(80), way)
    picture = np.broadcast_to((3 * seen).astype(np.uint8)[:, None, None, None], (80, 4, 6, 3))
    arrays = {"ee_pose": tool, "rgb_front": picture}
    meter = LagMeter()
    meter.add(replace(episode, arrays=arrays))
    told = [p.message for p in meter.problems()]
    assert len(told) == (late != 0)
    if late:
        assert f"{abs(late)} frames {'late' if late > 0 else 'early'}" in told[0]


def test_statistics_are_recomputed(copy: Path) -> None:
    from pipeline.dataset.rootfile import ROOT_FILE, root_document

    attrs = dict(open_dataset(copy).attrs)
    attrs["stats"]["action"]["mean"][2] += 0.01
    attrs["stats"]["rgb_wrist"]["max"][0] = 7.0
    (copy / ROOT_FILE).write_bytes(root_document(attrs))
    assert [(p.array, p.message.split(" over")[0]) for p in verify(copy)] == [
        ("data/action", "its mean"),
        ("data/rgb_wrist", "its max"),
    ]


def test_the_structure_is_seen_without_reading_rows(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr("pipeline.dataset.checks.files.entry", lambda file: opened.append(file))
    assert verify(copy, structure=True) == []
    assert not opened
    shard = copy / "data" / "rgb_front" / "c" / "0" / "0" / "0" / "0"
    shard.write_bytes(shard.read_bytes()[:-1])
    (problem,) = verify(copy, structure=True)
    assert problem.file == "data/rgb_front/c/0/0/0/0"


def test_a_dataset_in_the_middle_of_a_commit_verifies(
    make: Callable[..., Path], builder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit is cut short after every one of its renames in turn; readers and verify see the episodes before."""
    from pipeline.dataset.journal import Staging

    dataset = make("d.zarr", [builder.episode(1), builder.episode(2)])
    place, count = Staging._place, iter(range(10**6))

    def cut(self: Staging, change: Any) -> None:
        if next(count) == 40:
            raise KeyboardInterrupt
        place(self, change)

    monkeypatch.setattr(Staging, "_place", cut)
    with pytest.raises(KeyboardInterrupt):
        make("d.zarr", [builder.episode(3)])
    assert open_dataset(dataset).unfinished
    assert len(open_dataset(dataset)) == 2
    assert verify(dataset) == []
    assert verify(dataset, structure=True) == []


def test_numbers_are_told_as_spans() -> None:
    assert spans([1, 2, 3, 7, 9, 10]) == "1 to 3, 7, 9 to 10"


def test_a_changed_value_in_a_sound_shard_is_found(copy: Path) -> None:
    """Written through zarr, so every chunk's own checksum holds; the file's does not."""
    zarr.open_group(copy, mode="r+")["data/gripper"][3] = 0.01
    assert any(p.file == "data/gripper/c/0/0" for p in verify(copy))
