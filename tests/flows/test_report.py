"""The report's counts add up, at every level and from every stage to the next."""

from __future__ import annotations

import re

from flows.folder import RunFolder
from flows.report import Counts, load_report
from pipeline.dataset.reader import DatasetReader


def plus(parts: list[Counts], name: str) -> int:
    return sum(getattr(p, name) for p in parts)


def test_tasks_and_families_add_up_to_the_totals(undisturbed) -> None:
    report, _ = undisturbed
    for name in ("gated", "built", "attempted", "solved", "replayed", "written"):
        total = getattr(report.counts, name)
        assert plus([t.counts for t in report.tasks], name) == total
        assert plus(list(report.families.values()), name) == total
    assert plus(list(report.families.values()), "proposed") == report.counts.proposed


def test_no_stage_lets_out_more_than_came_in(undisturbed) -> None:
    report, _ = undisturbed
    for c in (report.counts, *(t.counts for t in report.tasks)):
        assert c.built >= c.attempted >= c.solved >= c.replayed >= c.written
    for task in report.tasks:
        assert task.counts.attempted - task.counts.solved <= sum(task.causes.values())


def test_the_dataset_holds_what_the_report_says(undisturbed) -> None:
    report, out = undisturbed
    reader = DatasetReader(out / "dataset.zarr")
    assert report.dataset is not None
    assert len(reader) == report.counts.written == report.dataset.episodes
    assert int(reader.ends[-1]) == report.dataset.frames


def test_the_report_on_disk_is_the_report(undisturbed) -> None:
    report, out = undisturbed
    assert load_report(RunFolder(out)) == report


def test_the_gallery_needs_nothing_from_anywhere(undisturbed) -> None:
    _, out = undisturbed
    page = (out / "index.html").read_text()
    text = re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)
    assert not re.search(r"https?:|//|@import|<script|<link|<iframe|url\(", text)
    sources = re.findall(r'src="([^"]{0,24})', page)
    assert sources
    assert all(s.startswith("data:image/webp;base64,") for s in sources)
    assert len(page) < 2_000_000


def test_the_gallery_shows_every_task_from_every_camera(undisturbed) -> None:
    report, out = undisturbed
    page = (out / "index.html").read_text()
    for task in report.tasks:
        assert task.task.instruction in page
        assert f'id="{task.task.name}"' in page
    cameras = [n.removeprefix("rgb_") for n in DatasetReader(out / "dataset.zarr").names if n.startswith("rgb_")]
    assert len(cameras) == 2
    for camera in cameras:
        assert page.count(f"<figcaption>{camera}</figcaption>") == len(report.tasks)
