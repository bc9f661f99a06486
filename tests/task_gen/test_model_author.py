"""A model proposes over HTTP, partly badly: valid tasks come through, the rest is rejected, nothing is paid twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from assets.catalog import LibraryCatalog
from pipeline.asking.ask import Asker
from pipeline.asking.cache import CachedModel
from pipeline.asking.meter import Budget, MeteredModel
from pipeline.core.errors import BudgetError, ModelRefusedError
from pipeline.llm.anthropic import Connection, anthropic
from task_gen.author import propose
from task_gen.curriculum import TaskOutcome
from task_gen.model_author import AuthorSettings, ModelAuthor
from task_gen.novelty import signature
from task_gen.proposal import Proposal

CATALOG = LibraryCatalog()
PANDA = CATALOG.robot("panda")
OPEN: list[Asker] = []
GOOD = [
    task.model_dump(mode="json", include=set(Proposal.model_fields))
    for task in propose(CATALOG, PANDA, count=120, seed=4)
]


@pytest.fixture(autouse=True)
def key_and_closing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    yield
    while OPEN:
        OPEN.pop().close()


def asker(model: Any) -> Asker:
    OPEN.append(Asker(model))
    return OPEN[-1]


def author(
    url: str, folder: Path, *, budget: Budget | None = None, **settings: Any
) -> tuple[ModelAuthor, MeteredModel]:
    client = anthropic(Connection(base_url=url, retries=0, concurrency=2))
    meter = MeteredModel(CachedModel(client, folder), budget)
    options = AuthorSettings(model="claude-sonnet-5-5", **{"batch": 5, **settings})
    return ModelAuthor(asker(meter), CATALOG, PANDA, options), meter


def broken(task: dict[str, Any], kind: int) -> Any:
    """A task with a mistake that a model makes."""
    return [
        {**task, "goal": task["goal"][:-1]},
        {**task, "goal": "(on_top block plate)"},
        {**task, "objects": [{"name": "x", "asset": "unicorn"}]},
        {**task, "family": "dance"},
        {**task, "horizon": -3},
        {k: v for k, v in task.items() if k != "goal"},
        "put the mug on the plate",
    ][kind % 7]


class Unreliable:
    """Answers every call; about three proposals in ten are malformed, and some calls are no JSON at all."""

    def __init__(self, messages: ModuleType, *, share: float = 0.3) -> None:
        self.messages, self.share = messages, share
        self.random, self.given = random.Random(7), 0

    def __call__(self, turn: int, body: dict[str, Any]) -> Any:
        words = body["messages"][0]["content"][0]["text"]
        if words.startswith("The task below"):
            return self.messages.Answer(json.dumps(self.next()))
        if self.random.random() < 0.1:
            return self.messages.Answer("Sure! Here are some tasks: {" + "x" * 50)
        count = int(words.split()[1])
        return self.messages.Answer(json.dumps({"tasks": [self.next() for _ in range(count)]}))

    def next(self) -> Any:
        task = GOOD[self.given % len(GOOD)]
        self.given += 1
        return broken(task, self.given) if self.random.random() < self.share else task


def test_fifty_proposals_from_an_unreliable_model_end_valid_or_plainly_rejected(
    messages: ModuleType, tmp_path: Path
) -> None:
    with messages.serving(Unreliable(messages)) as server:
        writer, meter = author(server.url, tmp_path, rounds=6)
        funnel = writer.propose(50)
        calls = server.calls
        again, second = author(server.url, tmp_path, rounds=6)
        repeated = again.propose(50)
        assert server.calls == calls, "the second run is answered by the cache"
    assert funnel.counts["proposed"] >= 50
    assert len(funnel.tasks) + len(funnel.rejections) == funnel.proposed
    assert len(funnel.tasks) >= 40
    assert all(r.reasons for r in funnel.rejections)
    assert len({signature(t) for t in funnel.tasks}) == len(funnel.tasks)
    assert all(t.author == "claude-sonnet-5-5" for t in funnel.tasks)
    assert repeated.tasks == funnel.tasks
    assert (second.total.calls, second.total.usd) == (0, 0.0)
    assert meter.total.calls == calls


def test_a_rejected_task_goes_back_with_the_gates_words_and_comes_back_mended(
    messages: ModuleType, tmp_path: Path
) -> None:
    wrong = {**GOOD[0], "goal": "(inside mug salt_shaker)", "objects": [{"name": "mug", "asset": "mug"}]}

    def script(turn: int, body: dict[str, Any]) -> Any:
        words = body["messages"][0]["content"][0]["text"]
        mended = words.startswith("The task below")
        return messages.Answer(json.dumps(GOOD[0] if mended else {"tasks": [wrong]}))

    with messages.serving(script) as server:
        funnel = author(server.url, tmp_path)[0].propose(1)
        told = server.bodies[-1]["messages"][0]["content"][0]["text"]
    assert [t.name for t in funnel.tasks] == [GOOD[0]["name"]]
    assert "unknown object" in told
    assert "salt_shaker" in told


def test_the_vocabulary_is_in_the_shared_part_once_for_all_calls(messages: ModuleType, tmp_path: Path) -> None:
    with messages.serving(Unreliable(messages, share=0.0)) as server:
        author(server.url, tmp_path)[0].propose(10)
        shared = {json.dumps(b["system"]) for b in server.bodies}
    assert len(shared) == 1
    for word in ("(is_open <link: jointed>)", "`mug`: red mug", "`stack`", "Franka"):
        assert word in next(iter(shared))


def test_every_mode_is_asked_several_calls_at_once_and_its_prompt_is_on_record(
    messages: ModuleType, tmp_path: Path
) -> None:
    model = Unreliable(messages, share=0.0)

    def slow(turn: int, body: dict[str, Any]) -> Any:
        return replace(model(turn, body), hang=0.2)

    with messages.serving(slow) as server:
        writer, _ = author(server.url, tmp_path, batch=3)
        funnel = writer.propose(24)
        told = [b["messages"][0]["content"][0]["text"] for b in server.bodies if len(b["messages"]) == 1]
        assert server.most_in_flight == 2, "as many as the connection allows"
    assert set(funnel.modes) == {"objects", "goals", "skills", "mutations"}
    assert max(funnel.modes.values()) - min(funnel.modes.values()) <= 1
    assert sum(funnel.modes.values()) == sum(words.startswith("Propose") for words in told)
    for opening in ("Look at these assets", "Think of people", "Compose tasks of several steps"):
        assert any(opening in words for words in told)
    assert {"objects.md", "goals.md", "skills.md", "mutations.md"} < set(writer.prompt_hashes)


def test_outcomes_are_told_and_solved_tasks_are_changed_but_not_repeated(messages: ModuleType, tmp_path: Path) -> None:
    tried = propose(CATALOG, PANDA, count=5, seed=4)
    outcomes = [TaskOutcome(task=t, attempted=20, solved=20 if i else 0) for i, t in enumerate(tried)]
    with messages.serving(Unreliable(messages, share=0.0)) as server:
        writer, _ = author(server.url, tmp_path, rounds=1, repairs=0)
        funnel = writer.propose(5, outcomes=outcomes, modes={"mutations": 1})
        told = server.bodies[0]["messages"][0]["content"][0]["text"]
    parents = told.partition("have been solved by the robot:")[2].partition("Change them")[0]
    assert sum(t.name in parents for t in tried[1:]) == 4
    assert tried[0].name not in parents, "it was never solved"
    assert f"- {tried[1].name} ({tried[1].family}, 100% solved)" in told
    assert "20 of 20 attempts solved, works nearly always: less of it" in told
    assert funnel.tasks == [], "the model only repeated what was tried"
    assert [r.reasons[0].code for r in funnel.rejections] == ["name_taken"] * 5


def test_a_renamed_twin_is_not_new(messages: ModuleType, tmp_path: Path) -> None:
    twin = {**GOOD[0], "name": "another_name", "instruction": "Something that is worded in a quite different way."}

    def script(turn: int, body: dict[str, Any]) -> Any:
        return messages.Answer(json.dumps({"tasks": [GOOD[0], twin]}))

    with messages.serving(script) as server:
        funnel = author(server.url, tmp_path, rounds=1)[0].propose(2)
    assert [(r.stage, r.name) for r in funnel.rejections] == [("novel", "another_name")]
    assert "with other names" in funnel.rejections[0].reasons[0].message


def test_a_budget_stops_within_one_call_and_keeps_what_there_is(messages: ModuleType, tmp_path: Path) -> None:
    with messages.serving(Unreliable(messages, share=0.0)) as server:
        writer, meter = author(server.url, tmp_path, budget=Budget(tokens=26_000), max_tokens=2000)
        funnel = writer.propose(50)
    assert funnel.tasks
    assert any("The budget of 26,000 tokens" in c for c in funnel.failed_calls)
    assert meter.total.usage.tokens <= 26_000


def test_a_budget_too_small_for_any_call_is_an_error(messages: ModuleType, tmp_path: Path) -> None:
    with messages.serving(Unreliable(messages)) as server, pytest.raises(BudgetError, match="0 spent"):
        author(server.url, tmp_path, budget=Budget(tokens=100))[0].propose(5)
    assert server.calls == 0


def test_a_model_that_refuses_everything_is_an_error(messages: ModuleType, tmp_path: Path) -> None:
    refusing = messages.serving(lambda turn, body: messages.Answer("", stop="refusal"))
    with refusing as server, pytest.raises(ModelRefusedError):
        author(server.url, tmp_path)[0].propose(5)


def test_a_run_that_was_killed_pays_for_no_call_twice(messages: ModuleType, tmp_path: Path) -> None:
    """The child kills itself right after its second reply is on disk; the next process asks only for the rest."""
    code = f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pipeline.asking import cache
real, seen = cache.CachedModel._store, 0
def store(self, key, completion):
    global seen
    real(self, key, completion)
    seen += 1
    if seen == 2:
        os.kill(os.getpid(), signal.SIGKILL)
cache.CachedModel._store = store
from assets.catalog import LibraryCatalog
from pipeline.asking.ask import Asker
from pipeline.llm.anthropic import Connection, anthropic
from task_gen.model_author import AuthorSettings, ModelAuthor
catalog = LibraryCatalog()
model = cache.CachedModel(anthropic(Connection(base_url=sys.argv[1], retries=0, concurrency=1)), Path(sys.argv[2]))
settings = AuthorSettings(model="claude-sonnet-5-5", batch=5)
ModelAuthor(Asker(model), catalog, catalog.robot("panda"), settings).propose(20)
"""
    with messages.serving(Unreliable(messages, share=0.0)) as server:
        environment = {**os.environ, "ANTHROPIC_API_KEY": "sk-test"}
        command = [sys.executable, "-c", code, server.url, str(tmp_path)]
        killed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        paid = server.calls
        client = anthropic(Connection(base_url=server.url, retries=0, concurrency=1))
        settings = AuthorSettings(model="claude-sonnet-5-5", batch=5)
        ModelAuthor(asker(CachedModel(client, tmp_path)), CATALOG, PANDA, settings).propose(20)
        first_round = {json.dumps(b["messages"]) for b in server.bodies[:2]}
        assert not any(json.dumps(b["messages"]) in first_round for b in server.bodies[paid:])
