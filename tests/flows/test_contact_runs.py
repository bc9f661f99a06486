"""The five tasks of contact through whole runs: planned, and learned from rewards that rules or a model write."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from demo_solvers.rewards.experts import GOALS, expert
from flows.cli import main
from flows.folder import RunFolder
from flows.report import RunReport, load_report

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
MODEL = "a-model"
SMALL = ["--learn-worlds=32", "--learn-judged=32", "--reward-candidates=2", "--reward-rounds=1", "--learn-steps=40000"]
every_task = pytest.mark.parametrize("task", GOALS)


def command(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code of a command line."""
    monkeypatch.setattr(sys, "argv", ["taskloom", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., RunReport]:
    """A finished run of a preset in MuJoCo, whose dataset was checked and played again."""
    monkeypatch.setenv("TASKLOOM_CACHE", str(tmp_path / "cache"))

    def run(task: str, *words: str) -> RunReport:
        out = tmp_path / "out"
        size = ["--plain", "--workers=1", "--demos=2", "--batch=8", "--rounds=2", f"--out={out}"]
        code = command(monkeypatch, "generate", f"--preset={task}", "--backend=mujoco", *SMALL, *size, *words)
        report = load_report(RunFolder(out))
        written = sum(one.counts.written for one in report.tasks)
        assert code == (0 if written >= 1 else 3), "the exit code says whether there is a demonstration"
        if written:
            dataset = str(out / "dataset.zarr")
            assert command(monkeypatch, "verify", dataset) == 0
            assert command(monkeypatch, "replay", dataset) == 0
        return report

    return run


@every_task
def test_planning_and_learning_write_demonstrations_of_it(task: str, ran: Callable[..., RunReport]) -> None:
    (report,) = ran(task, "--solver=vipr-rl", "--target=0.5").tasks
    assert report.counts.written >= 1
    assert all(way.reason for way in report.ways)


@every_task
def test_it_is_learned_from_a_derived_reward(task: str, ran: Callable[..., RunReport]) -> None:
    (report,) = ran(task, "--solver=vipr-eureka").tasks
    learned = [way for way in report.ways if way.tried]
    assert learned
    assert all(tried.way == "dense" and tried.steps for way in learned for tried in way.tried)


@every_task
def test_it_is_learned_from_a_reward_that_a_model_writes(
    task: str, ran: Callable[..., RunReport], messages: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(turn: int, body: dict[str, Any]) -> Any:
        return messages.Answer(json.dumps({"thought": "As a person would.", "reward": expert(task)}))

    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-nobody")
    with messages.serving(script) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        (report,) = ran(task, "--solver=vipr-eureka", "--reward-author=anthropic", f"--solver-model={MODEL}").tasks
    assert report.asked is not None
    assert report.asked.calls >= 2
    curves = [curve for way in report.ways for tried in way.tried for curve in tried.curves]
    assert curves
    assert curves[0].author == MODEL, "what it writes twice is tried once, and the rules fill in"
