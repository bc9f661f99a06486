"""Cards say what happened, stay small, and show text from tasks and models as text and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from flows.album import Album, read_album
from flows.cards import fitting, task_card
from flows.cards.batch_card import LIMIT as GALLERY_LIMIT
from flows.cards.batch_card import gallery_card, outcome_rows
from flows.cards.escaping import code, text
from flows.cards.fitting import Section, fit
from flows.cards.keys import card_key
from flows.cards.places import Places
from flows.folder import RunFolder, held_config
from flows.report import TaskReport
from pipeline.core.episode import Cause
from pipeline.core.program import Program, Stage
from pipeline.core.refinement import Round, Variant
from tests.flows.hostile import hostile

CAUSES: tuple[Cause, ...] = (
    "no_plan",
    "ik_failed",
    "path_in_collision",
    "grasp_missed",
    "grasp_slipped",
    "place_missed",
)


def rendered(markdown: str) -> list[tuple[str, dict[str, str]]]:
    """Every element that a renderer which lets HTML through would make, with its attributes."""
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    return [
        (name.lower(), dict(re.findall(r'([a-z]+)="([^"]*)"', attributes)))
        for name, attributes in re.findall(r"<([a-zA-Z][a-zA-Z0-9]*)([^>]*)>", html)
    ]


def words(markdown: str) -> str:
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    return re.sub(r"<[^>]*>", "", html)


@pytest.fixture
def card(undisturbed):
    """Makes the card of a report of the shared run."""
    report, out = undisturbed
    folder = RunFolder(out)

    def make(one: TaskReport = report.tasks[0], album: Album | None = None, base: str = "") -> str:
        pictures = album or read_album(folder, report.tasks[0].task.name, batches=1)
        return task_card.task_card(one, pictures, folder, held_config(folder), Places(out.parent, base))

    return make


def test_a_card_says_what_was_asked_how_it_went_and_how_to_see_it_again(undisturbed, card) -> None:
    report, out = undisturbed
    one, said = report.tasks[0], card()
    shown = words(said)
    assert one.task.instruction in shown
    assert one.task.goal in shown
    assert f"{one.counts.solved} of {one.counts.attempted} attempts solved, 95% interval" in shown
    assert "Passed the gate" in shown
    assert all(str(stage) in shown for stage in one.program.stages)
    assert f"taskloom replay {out}/dataset.zarr --task {one.task.name}" in said
    assert said.count("data:image/webp;base64,") == 2


def test_links_are_addresses_where_files_are_served_and_paths_elsewhere(undisturbed, card) -> None:
    _, out = undisturbed
    assert f"]({out}" not in card()
    assert str(out / "index.html") in card()
    served = [a["href"] for name, a in rendered(card(base="http://127.0.0.1:8123/")) if name == "a"]
    assert f"http://127.0.0.1:8123/{out.name}/dataset.zarr" in served
    assert any(href.endswith("/film.mp4") for href in served)


def test_hostile_text_stays_text(undisturbed, card) -> None:
    report, _ = undisturbed
    said = card(hostile(report.tasks[0]), base="http://127.0.0.1:8123")
    made = rendered(said)
    assert not {name for name, _ in made} & {"script", "iframe", "object", "svg", "form", "b"}
    assert all(a["src"].startswith("data:image/webp;base64,") for name, a in made if name == "img")
    assert all(a["href"].startswith("http://127.0.0.1:8123/") for name, a in made if name == "a")
    assert [name for name, _ in made].count("h1") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in words(said)
    assert "\u202e" not in said


def test_no_renderer_finds_an_address_to_make_a_link_of(undisturbed, card) -> None:
    """GFM renderers look for them in the finished text, where a backslash is gone; in code they do not."""
    report, _ = undisturbed
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(card(hostile(report.tasks[0])))
    said = re.sub(r"<code.*?</code>|<[^>]*>", "", html, flags=re.DOTALL)
    assert "evil.example" in said
    assert not re.search(r"(https?://|www\.)\w", said)
    assert not re.search(r"\w@\w", said)


def test_a_hostile_task_cannot_leave_its_tile_in_the_gallery(undisturbed) -> None:
    report, out = undisturbed
    folder, tasks = RunFolder(out), [hostile(report.tasks[0]), report.tasks[1]]
    said = gallery_card(tasks, {}, folder, report.config, batch="a")
    made = rendered(said)
    assert not {name for name, _ in made} & {"script", "img", "iframe"}
    assert all(a["href"].startswith("/v2/artifacts/key/") for name, a in made if name == "a")
    assert [name for name, _ in made].count("td") - said.count("|--:") >= 2
    assert all("\n" not in str(v) and "\u202e" not in str(v) for row in outcome_rows(tasks) for v in row.values())


@pytest.mark.parametrize("value", ["a|b", "a\\", "*a*", "`a`", "1. a", "a_b_c", "~~a~~", "- a", "a  b", "[x]: y"])
def test_escaped_text_reads_as_it_was(value: str) -> None:
    assert words(text(value)).strip() == " ".join(value.split())
    assert words(code(value)).strip() == " ".join(value.split())


def longest(report: TaskReport, causes: tuple[str, ...] = CAUSES) -> TaskReport:
    """As much as a run can have to say of one task, in characters of four bytes."""
    phrase = "🤖" * 300
    stages = tuple(Stage(skill="pick", body=f"body_{i}", post=phrase) for i in range(40))
    program = Program(stages=stages)
    variants = tuple(Variant(program=program, patches=(phrase,) * 4, solved=0, attempts=4) for _ in range(64))
    task = report.task.model_copy(update={"instruction": phrase, "goal": "(and " + "(on a b) " * 400 + ")"})
    return report.model_copy(
        update={
            "task": task,
            "reasons": (phrase,) * 20,
            "causes": dict.fromkeys(causes, 9),
            "examples": dict.fromkeys(causes, phrase),
            "program": program,
            "refinement": (Round(variants=variants, chosen=0, diagnosis=phrase),) * 40,
        }
    )


def test_the_longest_report_with_every_picture_fits(undisturbed, card) -> None:
    report, out = undisturbed
    album = read_album(RunFolder(out), report.tasks[0].task.name, batches=1)
    assert album.still is not None
    full = Album(place=album.place, shown=album.shown, failed=dict.fromkeys(CAUSES, album.still))
    said = card(longest(report.tasks[0]), full)
    assert len(said.encode()) <= 30_000
    assert "taskloom replay" in said, "what a person needs most is never dropped"
    assert "Left out for size" in said


def test_what_matters_least_is_dropped_first() -> None:
    sections = [
        Section("words", "w" * 1000),
        Section("strip", "s" * 5000, rank=1),
        Section("causes", "c" * 5000, rank=2),
        Section("history", "h" * 5000, rank=5),
        Section("links", "l" * 1000),
    ]
    assert "Left out" not in fit(sections, limit=20_000)
    small = fit(sections, limit=13_000)
    assert ("hhh" in small, "ccc" in small, "sss" in small, "lll" in small) == (False, True, True, True)
    smaller = fit(sections, limit=8_000)
    assert ("ccc" in smaller, "sss" in smaller, "lll" in smaller) == (False, True, True)
    assert "Left out for size: causes, history" in smaller
    assert fitting.LIMIT == 30_000


def test_a_gallery_of_ten_thousand_tasks_stays_small_and_counts_them_all(undisturbed) -> None:
    report, out = undisturbed
    album = read_album(RunFolder(out), report.tasks[0].task.name, batches=1)
    tasks = [
        one.model_copy(update={"task": one.task.model_copy(update={"name": f"task_{i}"})})
        for i, one in enumerate(report.tasks[:1] * 10_000)
    ]
    albums = {one.task.name: album for one in tasks[:100]}
    said = gallery_card(tasks, albums, RunFolder(out), report.config, batch="big")
    assert len(said.encode()) <= GALLERY_LIMIT + 200
    assert "of 10000 tasks" in words(said)
    assert said.count("<img") >= 20
    assert len(outcome_rows(tasks)) == 200


def test_keys_are_what_prefect_takes_and_differ_where_names_do() -> None:
    names = ["stack_red", "stack__red", "stack_red_", "STACK red", "stack-red"]
    keys = {card_key("night-1", name) for name in names}
    assert all(re.fullmatch(r"night-1-card-[a-z0-9]+(-[a-z0-9]+)*", key) for key in keys)
    assert len(keys) >= len(names) - 1  # a task's name holds no dash
    assert card_key("night-1", "stack_red") == "night-1-card-stack-red"


def test_a_path_with_marks_in_it_makes_one_link(tmp_path: Path) -> None:
    odd = tmp_path / "a) <b> [c](d) `e`"
    odd.mkdir()
    link = Places(tmp_path, "http://127.0.0.1:1").link("here", odd)
    assert [a["href"] for name, a in rendered(link) if name == "a"] == [
        "http://127.0.0.1:1/a%29%20%3Cb%3E%20%5Bc%5D%28d%29%20%60e%60"
    ]
