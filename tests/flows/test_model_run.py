"""A run whose tasks a model proposes: they are demonstrated, and their cost and prompts are in the report."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from assets.catalog import LibraryCatalog
from flows.cli import main
from pipeline.core.task import TaskSpec
from task_gen.author import propose
from task_gen.proposal import Proposal

PROMPTS = {"propose.md", "ask.md", "repair.md", "objects.md", "goals.md", "skills.md", "mutations.md"}


@pytest.fixture
def two_tasks() -> list[TaskSpec]:
    catalog = LibraryCatalog()
    return list(propose(catalog, catalog.robot("panda"), count=2, seed=1))


def generate(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    base = ["generate", "--preset", "smoke", "--backend", "kinematic", "--plain", "--tasks", "1", "--demos", "1"]
    monkeypatch.setattr(sys, "argv", ["taskloom", *base, *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_a_models_tasks_are_demonstrated_and_paid_once(
    messages: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, two_tasks, capsys
) -> None:
    answer = json.dumps({"tasks": [t.model_dump(mode="json", include=set(Proposal.model_fields)) for t in two_tasks]})
    monkeypatch.setenv("TASKLOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test-secret")
    out = tmp_path / "out"
    with messages.serving(lambda turn, body: messages.Answer(answer)) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        assert generate(monkeypatch, "--author", "anthropic", "--out", out) == 0
        (out / "report.json").unlink()
        assert generate(monkeypatch, "--author", "anthropic", "--out", out) == 0, "the same run goes on"
        assert server.calls == 1
    report = json.loads((out / "report.json").read_text())
    assert report["tasks"][0]["task"]["author"] == "claude-sonnet-5-5"
    assert report["counts"]["written"] == 1
    assert report["proposals"]["account"]["calls"] == 1
    assert report["proposals"]["account"]["usd"] > 0
    assert set(report["proposals"]["prompts"]) == PROMPTS
    kept = "".join(
        p.read_text(errors="ignore") for p in out.rglob("*") if p.is_file() and p.suffix in (".json", ".html")
    )
    assert "sk-test-secret" not in kept


def test_a_model_that_gives_no_task_ends_the_run_with_nothing_written(
    messages: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys
) -> None:
    monkeypatch.setenv("TASKLOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    with messages.serving(lambda turn, body: messages.Answer('{"tasks": []}')) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        assert generate(monkeypatch, "--author", "anthropic", "--out", tmp_path / "out") == 2
    assert "proposed no usable task" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
