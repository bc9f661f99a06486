"""A batch keeps pictures of a demonstration and of each cause of failure, beside what it computes."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from assets.catalog import LibraryCatalog
from flows.album import complete_albums, read_album
from flows.filming import MOST_PICTURES, Filmed, first_failures, keep_pictures
from flows.folder import RunFolder
from flows.media import Video
from pipeline.core.doors import Problem
from pipeline.core.episode import Outcome
from pipeline.core.streams import stream
from pipeline.sim.kinematic import kinematic
from scene_gen.builder import TabletopBuilder


def picture(path: Path) -> Video:
    return np.asarray(Image.open(io.BytesIO(path.read_bytes())).convert("RGB"))


@pytest.fixture(scope="module")
def problem(undisturbed) -> Problem:
    """A task of the shared run in two worlds."""
    report, _ = undisturbed
    catalog = LibraryCatalog()
    builder = TabletopBuilder(catalog, catalog.robot("panda"))
    task = report.tasks[0].task
    scenes = tuple(builder.build(task, stream(0, "album", k)) for k in range(2))
    return Problem(task, scenes, seed=0)


def ended(problem: Problem, row: int, steps: int) -> Outcome:
    """An attempt that turned the first joint and went no further."""
    actions = np.tile(np.asarray(problem.scenes[row].robot_start, np.float32), (steps, 1))
    actions[:, 0] += np.linspace(0, 0.8, steps, dtype=np.float32) if steps else 0
    return Outcome(success=False, actions=actions, stages=np.zeros(steps, np.uint8))


def test_a_run_keeps_a_still_a_film_and_a_strip_from_each_camera(undisturbed) -> None:
    report, out = undisturbed
    for task in report.tasks:
        album = read_album(RunFolder(out), task.task.name, batches=task.batches)
        assert album.shown is not None
        assert len(album.shown.cameras) == 2
        assert album.still is not None
        assert picture(album.still).std() > 5
        assert album.film is not None
        for camera in album.shown.cameras:
            moving = album.moving(camera)
            assert moving is not None
            with Image.open(moving) as frames:
                assert getattr(frames, "n_frames", 1) > 10
            assert album.strip(camera) is not None


def test_the_first_failure_of_each_cause_is_shown_as_it_ended(problem: Problem, tmp_path: Path) -> None:
    outcomes = (ended(problem, 0, 30), ended(problem, 1, 0))
    batch = Filmed(problem, outcomes, ("grasp_missed", "no_plan"), (), worlds=0)
    simulator = kinematic(LibraryCatalog())
    keep_pictures(batch, RunFolder(tmp_path), 0, simulator)
    album = read_album(RunFolder(tmp_path), problem.task.name, batches=1)
    assert album.failed.keys() == {"grasp_missed", "no_plan"}
    simulator.load(list(problem.scenes))
    start = simulator.render([problem.scenes[0].cameras[0].name])[problem.scenes[0].cameras[0].name].rgb
    assert start is not None
    moved, still = (np.abs(picture(album.failed[c]) - 1.0 * start[k]).mean() for k, c in enumerate(album.failed))
    assert still < 4 < moved, "one arm had turned, the other attempt ended before it began"


def test_a_later_batch_shows_only_causes_that_are_new(problem: Problem, tmp_path: Path) -> None:
    simulator, folder = kinematic(LibraryCatalog()), RunFolder(tmp_path)
    first = Filmed(problem, (ended(problem, 0, 2), ended(problem, 1, 2)), ("no_plan", "none"), (), worlds=2)
    keep_pictures(first, folder, 0, simulator)
    second = Filmed(problem, (ended(problem, 0, 2), ended(problem, 1, 2)), ("no_plan", "timeout"), (), worlds=1)
    keep_pictures(second, folder, 1, simulator)
    album = read_album(folder, problem.task.name, batches=2)
    assert {cause: path.parent.parent.name[-2:] for cause, path in album.failed.items()} == {
        "no_plan": "-0",
        "timeout": "-1",
    }


def test_the_pictures_of_a_batch_are_few() -> None:
    causes = [f"cause_{i // 2}" for i in range(40)]
    assert [*first_failures(causes, {"cause_1"}).values()] == [0, 4, 6, 8]
    assert len(first_failures(causes, ())) == MOST_PICTURES
    assert first_failures(["none", "none"], ()) == {}


def test_a_run_without_pictures_gets_them_from_its_dataset(undisturbed, tmp_path: Path) -> None:
    report, out = undisturbed
    copy = tmp_path / "old"
    shutil.copytree(out, copy)
    for pictures in copy.glob("parts/*/pictures"):
        shutil.rmtree(pictures)
    complete_albums(RunFolder(copy), {t.task.name: t.batches for t in report.tasks})
    for task in report.tasks:
        made = read_album(RunFolder(copy), task.task.name, batches=task.batches)
        kept = read_album(RunFolder(out), task.task.name, batches=task.batches)
        assert made.shown == kept.shown
        assert made.still is not None
        assert kept.still is not None
        assert made.still.read_bytes() == kept.still.read_bytes()
