"""How each stage was done is in the report, the card and the pages: with reasons, measurements and curves, and safe."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

from flows.album import read_album
from flows.cards.places import Places
from flows.cards.task_card import task_card
from flows.config import RunConfig
from flows.folder import RunFolder, held_config
from flows.gallery.charts import POINTS, Line, shares_chart, small_chart, thousands
from flows.gallery.entries import Run
from flows.gallery.run_page import gallery_html
from flows.gallery.site import write_site
from flows.gallery.ways import ways as ways_html
from flows.jobs import BatchReport
from flows.report import RunReport, load_report, report_of, task_report
from flows.tables import learned as learned_lines
from flows.way_words import sparkline, ways_in_brief
from pipeline.core.files import write_atomically
from pipeline.core.learning import StageWay
from tests.flows.hostile import HOSTILE, hostile
from tests.flows.learned import LEARNED, PLANNED, WAYS, learned


@pytest.fixture(scope="module")
def told(undisturbed: tuple[RunReport, Path]) -> RunReport:
    """The shared run's report with a task whose stages were learned, and a hostile one."""
    report, _ = undisturbed
    return report.model_copy(update={"tasks": (learned(report.tasks[0]), hostile(report.tasks[1]))})


@pytest.fixture(scope="module")
def site(told: RunReport, undisturbed: tuple[RunReport, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gallery of it, and its run page beside it."""
    root = tmp_path_factory.mktemp("ways")
    write_site([Run("run", RunFolder(undisturbed[1]), told)], root / "gallery")
    (root / "index.html").write_text(gallery_html(told, {}), encoding="utf-8")
    return root


@pytest.fixture
def page(chromium: Any) -> Any:
    """A page whose every request and error is kept."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("console", lambda message: page.wrong.append(message.text) if message.type == "error" else None)
    page.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:")) else page.wrong.append(request)
    )
    yield page
    assert page.wrong == []
    context.close()


def batch(index: int, **values: Any) -> BatchReport:
    return BatchReport.model_validate(
        {"job": f"job {index}", "task": "a", "family": "push", "index": index, "status": "done", **values}
    )


def test_a_task_is_told_as_the_last_batch_did_it(undisturbed: tuple[RunReport, Path], smoke: RunConfig) -> None:
    task = undisturbed[0].tasks[0].task
    own = [batch(0, ways=(LEARNED,)), batch(1, ways=WAYS), batch(2)]
    assert task_report(task, own, smoke).ways == WAYS
    assert task_report(task, own[2:], smoke).ways == ()


def test_a_runs_report_counts_ways_by_family_and_reads_back(
    undisturbed: tuple[RunReport, Path], told: RunReport, tmp_path: Path
) -> None:
    from flows.plan import Candidate, Plan

    report, _ = undisturbed
    plan = Plan(config=report.config, candidates=tuple(Candidate(task=t.task) for t in report.tasks))
    one, two = (t.task for t in report.tasks)
    reports = [batch(0, task=one.name, ways=WAYS), batch(0, task=two.name, ways=(PLANNED,))]
    made = report_of(plan, reports, RunFolder(tmp_path), None, seconds=1.0)
    assert made.ways == {
        one.family: {"planner": 1, "skill": 1, "dense": 1},
        two.family: {"planner": 1},
    }
    assert load_report(RunFolder(tmp_path)) == made
    write_atomically(tmp_path / "report.json", told.model_dump_json())
    assert load_report(RunFolder(tmp_path)).tasks[0].ways == WAYS


def test_a_tasks_page_shows_each_stage_with_its_reason_and_curves(page: Any, told: RunReport, site: Path) -> None:
    page.goto(f"file://{site}/gallery/tasks/run/{told.tasks[0].task.name}.html")
    section = page.locator("section", has=page.get_by_role("heading", name="How each stage is done"))
    assert section.get_by_role("heading", level=3).all_inner_texts() == [
        "Stage 0: pick peg",
        "Stage 1: push tray near shelf",
        "Stage 2: push box within zone",
    ]
    last = section.locator("article").nth(2)
    assert "learned with a dense reward · reached 60 of 64 (85% – 98%)" in last.inner_text()
    assert LEARNED.reason in last.inner_text()
    assert last.locator("tr.chosen").inner_text().split("\t")[1:] == ["60 of 64 (85% – 98%)", "553,000"]
    chart = last.get_by_role("img", name=re.compile("^Success over actions of practice"))
    assert chart.locator("polyline").count() == 10
    box = chart.bounding_box()
    assert box["width"] > 400
    for line in chart.locator("polyline").all():
        drawn = line.bounding_box()
        assert box["x"] <= drawn["x"]
        assert drawn["x"] + drawn["width"] <= box["x"] + box["width"]
        assert line.evaluate("e => getComputedStyle(e).stroke") not in ("none", "rgb(0, 0, 0)")
    reward = last.get_by_text("done_0 = (within box zone)").first
    assert not reward.is_visible()
    last.locator("details > summary").first.click()
    assert reward.is_visible()
    assert last.locator("details").first.locator(".terms svg").count() == 6, "the reward and its five terms"


@pytest.mark.parametrize("place", ["gallery/tasks/run/{}.html", "index.html"])
@pytest.mark.parametrize("width", [390, 1280])
def test_ways_fit_every_screen_and_hostile_words_are_words(
    page: Any, told: RunReport, site: Path, place: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for one in told.tasks:
        page.goto(f"file://{site}/{place.format(one.task.name)}")
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("main script, main iframe, main img[onerror]").count() == 0
    assert page.evaluate("window.hit") is None
    assert page.locator("pre", has_text="<script>alert(1)</script>").count() >= 2


def test_the_runs_page_needs_no_script(told: RunReport) -> None:
    html = gallery_html(told, {})
    assert "<script" not in html
    assert html.count('<svg class="chart"') > 10
    assert "3 stages: 1 planner, 1 learned before, 1 learned with a dense reward" in html
    assert ways_in_brief(told.tasks[0]) in html


def test_a_card_tells_ways_in_words(undisturbed: tuple[RunReport, Path], told: RunReport) -> None:
    _, out = undisturbed
    folder = RunFolder(out)
    album = read_album(folder, told.tasks[0].task.name, batches=1)
    card = task_card(told.tasks[0], album, folder, held_config(folder), Places(out.parent))
    assert "## How each stage is done" in card
    assert "60 of 64" in card
    assert "860,200" in card
    assert sparkline(LEARNED.tried[2].curves[-1].success) in card


def test_where_all_is_planned_the_one_reason_is_said_once(told: RunReport, undisturbed: tuple[RunReport, Path]) -> None:
    why = "the planner solves 8 of 8 worlds"
    plain = tuple(StageWay(number=n, stage=f"stage {n}", way="planner", reason=why) for n in range(3))
    report = told.tasks[0].model_copy(update={"ways": plain})
    folder = RunFolder(undisturbed[1])
    album = read_album(folder, report.task.name, batches=1)
    card = task_card(report, album, folder, held_config(folder), Places(undisturbed[1].parent))
    assert ways_in_brief(report) == "3 stages, all planned"
    for page in (ways_html(report), card):
        assert page.count(why) == 1
        assert "stage 1" not in page
    other = report.model_copy(update={"ways": (*plain[:2], LEARNED)})
    assert ways_html(other).count(why) == 2


def test_solvers_are_written_as_people_call_them(told: RunReport, undisturbed: tuple[RunReport, Path]) -> None:
    report = told.model_copy(update={"config": told.config.model_copy(update={"solver": "vipr_eureka"})})
    folder = RunFolder(undisturbed[1])
    album = read_album(folder, report.tasks[0].task.name, batches=1)
    card = task_card(report.tasks[0], album, folder, report.config, Places(undisturbed[1].parent))
    assert "vipr\\-eureka" in card
    assert "vipr-eureka" in gallery_html(report, {})
    for page in (card, gallery_html(report, {})):
        assert not re.search(r"vipr\\?_eureka", page)


def test_the_summary_names_what_was_learned(told: RunReport) -> None:
    said = learned_lines(told)
    assert "stage 2 push box within zone: learned with a dense reward, reached 60 of 64" in said
    assert "pick peg" not in said


def test_a_sparkline_follows_its_curve() -> None:
    assert sparkline([0.0, 0.5, 1.0]) == "▁▅█"
    assert len(sparkline([i / 1000 for i in range(1000)])) <= 16
    assert sparkline([]) == sparkline([math.nan]) == ""


def test_lines_are_drawn_where_their_values_are() -> None:
    svg = shares_chart([Line("a", (50, 100), (0.0, 1.0))], label="a", unit="actions")
    assert 'points="334.0,168.0 628.0,8.0"' in svg
    assert "100 actions" in svg
    small = small_chart(Line("t", (1, 2), (-1.0, 1.0)), label="t")
    assert 'points="80.0,41.0 159.0,3.0"' in small
    assert "M1 22.0H159" in small, "0 is in the middle"


@pytest.mark.parametrize("values", [(), (0.5,), (math.nan, 0.5), (math.inf, math.nan), (3.0, 3.0)])
def test_odd_values_still_make_a_picture(values: tuple[float, ...]) -> None:
    line = Line("odd", tuple(range(1, len(values) + 1)), values)
    for svg in (shares_chart([line], label="odd", unit="actions"), small_chart(line, label="odd")):
        assert "nan" not in svg
        assert "inf" not in svg
        assert svg.endswith("</svg>")


def test_long_curves_are_thinned_and_end_where_they_end() -> None:
    count = 100 * POINTS
    svg = small_chart(Line("long", range(1, count + 1), [i / count for i in range(count)]), label="long")
    points = re.findall(r"[\d.]+,[\d.]+", svg)
    assert len(points) <= POINTS
    assert points[-1].startswith("159.0,")


def test_names_of_lines_cannot_leave_their_element() -> None:
    svg = shares_chart([Line(HOSTILE, (1, 2), (0.0, 1.0))], label=HOSTILE, unit="actions")
    assert "<script" not in svg
    assert "<img" not in svg
    assert svg.count("<svg") == svg.count("</svg>") == 1


@pytest.mark.parametrize(("count", "said"), [(0, "0"), (800, "800"), (64_000, "64k"), (1_230_000, "1.23M")])
def test_counts_are_short(count: float, said: str) -> None:
    assert thousands(count) == said
