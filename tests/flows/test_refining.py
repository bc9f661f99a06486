"""A run that refines, recovers and remembers: options reach the solver, reports say what came of it, memory is kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from assets.catalog import LibraryCatalog
from demo_solvers.memory import Measurement, Memory, abstract, key_of
from flows.cli import main
from flows.config import RunConfig, compose
from flows.folder import RunFolder
from flows.gallery.run_page import gallery_html
from flows.plan import categories_of, make_plan
from flows.refining import budget_of, changes
from flows.report import load_report
from flows.staffing import staffed_solver
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.program import Program, Relation, Stage
from pipeline.core.refinement import Budget, Round, Variant
from pipeline.core.task import TaskObject, TaskSpec

STACK = TaskSpec(
    name="stack_them",
    family="stack",
    instruction="Put the red block on the green one.",
    objects=(TaskObject(name="red", asset="block_red"), TaskObject(name="green", asset="block_green")),
    goal="(on red green)",
    horizon=30.0,
)


def programs(**parameters: float) -> Program:
    on = (Relation(predicate="on", anchor="green"),)
    pick = Stage(skill="pick", body="red", parameters={**parameters})
    return Program(stages=(pick, Stage(skill="place", body="red", relations=on, post="(on red green)")))


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps([STACK.model_dump(mode="json")]))
    return path


@pytest.fixture
def remembered(tmp_path: Path) -> Path:
    """A memory in which a slow, high grasp has solved such stacks."""
    categories = categories_of(STACK, LibraryCatalog())
    line = Measurement(
        key=key_of(STACK, categories, "panda"),
        program=abstract(programs(lift=0.15), STACK),
        solved=7,
        attempts=8,
        source="earlier",
    )
    path = tmp_path / "memory.jsonl"
    Memory().with_lines([line]).write(path)
    return path


def generate(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    base = ["generate", "--preset", "smoke", "--plain", "--demos", "1", "--batch", "2", "--workers", "1"]
    monkeypatch.setattr(sys, "argv", ["taskloom", *base, *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_options_reach_the_budget_of_a_batch() -> None:
    config = compose("smoke", refine=3, variants=6, target=0.8, recover=2)
    assert budget_of(config) == Budget(rounds=3, variants=6, target=0.8, recover=2)


def test_a_misspelt_refiner_is_answered_with_the_right_one() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown refiner 'procedual'. Did you mean 'procedural'"):
        compose("smoke", refiner="procedual")


def test_a_solver_that_takes_no_programmer_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.staffing.find_solver", lambda name: lambda problem, worlds: None)
    config = RunConfig(preset="smoke", tasks=1, demos=1, programmer="anthropic")
    with pytest.raises(InvalidInputError, match="takes no programmer"), staffed_solver(config):
        pass


def test_a_run_offers_what_a_memory_holds_and_adds_what_it_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tasks: Path, remembered: Path
) -> None:
    out, before = tmp_path / "out", Memory.read(remembered)
    words = ("--tasks-from", tasks, "--memory", remembered, "--remember", "--refine", 1, "--out", out)
    assert generate(monkeypatch, *map(str, words)) == 0
    folder = RunFolder(out)
    report = load_report(folder)
    assert report.config.memory == before.digest
    (tried,) = [
        json.loads((out / "parts" / "stack_them-0" / "report.json").read_text())["rounds"][0]["variants"],
    ]
    assert "memory" in [v["program"]["author"] for v in tried]
    learned = Memory.read(folder.learned)
    assert [(m.key, m.attempts) for m in learned.lines] == [(before.lines[0].key, 2)]
    assert learned.lines[0].solved <= 2
    assert Memory.read(remembered).lines == (*before.lines, *learned.lines)
    assert generate(monkeypatch, *map(str, words)) == 0, "the run goes on with the memory that it began with"
    assert len(Memory.read(remembered).lines) == 2, "and is remembered once"


def test_to_remember_needs_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys) -> None:
    assert generate(monkeypatch, "--remember", "--out", tmp_path / "out") == 2
    assert "name its file with --memory" in capsys.readouterr().err


def test_a_memory_is_offered_only_to_tasks_alike(remembered: Path) -> None:
    catalog, memory = LibraryCatalog(), Memory.read(remembered)
    other = STACK.model_copy(update={"name": "other", "goal": "(near red green)"})
    config = RunConfig(preset="smoke", tasks=2, demos=1, given=(STACK, other))
    plan = make_plan(config, catalog, memory)
    assert [p.stages for p in plan.offered("stack_them")] == [programs(lift=0.15).stages]
    assert plan.offered("other") == ()


def test_a_report_and_its_page_show_the_program_and_what_was_tried(undisturbed) -> None:
    report, _ = undisturbed
    for task in report.tasks:
        assert task.program is not None
        assert task.confirmed <= task.counts.solved
        assert task.refinement == ()
    first = report.tasks[0]
    assert first.program is not None
    patched = Variant(program=first.program, patches=("stage 0: lift = 0.2",), solved=2, attempts=2)
    plain = Variant(program=first.program, solved=0, attempts=2, causes={"ik_failed": 2})
    rounds = (Round(variants=(plain,), chosen=0), Round(variants=(patched,), chosen=0, diagnosis="ik_failed <b>\nmore"))
    page = gallery_html(report.model_copy(update={"tasks": (first.model_copy(update={"refinement": rounds}),)}), {})
    assert "<b>stage 0: lift = 0.2: 2 of 2 solved</b>" in page
    assert "as planned: 0 of 2 solved" in page
    assert "ik_failed &lt;b&gt;" in page
    assert str(first.program.stages[0]) in page
    assert changes(rounds) == ("stage 0: lift = 0.2",)


def test_a_models_programs_compete_and_are_paid_once(
    messages: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tasks: Path
) -> None:
    """The worker is a process of its own: the model's name comes with the job, the key from the environment."""
    stages = [s.model_dump(exclude={"parameters", "target", "arm"}) for s in programs().stages]
    stages[0]["parameters"] = [{"name": "lift", "value": 0.14}]
    monkeypatch.setenv("TASKLOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test-secret")
    out = tmp_path / "out"
    with messages.serving(lambda turn, body: messages.Answer(json.dumps({"stages": stages}))) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        assert generate(monkeypatch, "--tasks-from", tasks, "--programmer", "anthropic", "--out", out) == 0
        assert server.calls == 1
    report = json.loads((out / "report.json").read_text())
    assert report["tasks"][0]["asked"]["calls"] == 1
    batch = json.loads((out / "parts" / "stack_them-0" / "report.json").read_text())
    authors = [v["program"]["author"] for v in batch["rounds"][0]["variants"]]
    assert authors == ["search", "claude-sonnet-5-5"]
    assert not any(b"sk-test-secret" in p.read_bytes() for p in out.rglob("*.json"))
