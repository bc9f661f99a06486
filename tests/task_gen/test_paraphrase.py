"""Paraphrases by grammar or by a model: at least five, none changes what is named, and who wrote them is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.asking.ask import Asker
from pipeline.asking.cache import CachedModel
from pipeline.core.task import TaskSpec
from pipeline.llm.anthropic import Connection, anthropic
from task_gen.asking import AskSettings
from task_gen.author import propose
from task_gen.model_paraphraser import ModelParaphraser
from task_gen.paraphrase import GrammarParaphraser
from task_gen.wording_rules import head_nouns, words_of

MODEL = "claude-sonnet-5-5"


@pytest.fixture(scope="module")
def bare(catalog, robot) -> tuple[TaskSpec, ...]:
    """Tasks of an author that wrote no paraphrases."""
    return tuple(t.model_copy(update={"paraphrases": ()}) for t in propose(catalog, robot, count=6, seed=5))


@pytest.fixture
def asking(monkeypatch, tmp_path: Path, catalog) -> Iterator[Any]:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    open_: list[Asker] = []

    def make(url: str) -> ModelParaphraser:
        client = anthropic(Connection(base_url=url, retries=0, concurrency=2))
        open_.append(Asker(CachedModel(client, tmp_path)))
        return ModelParaphraser(open_[-1], catalog, AskSettings(model=MODEL, batch=3), fallback=GrammarParaphraser())

    yield make
    while open_:
        open_.pop().close()


def asked(body: dict[str, Any]) -> list[dict[str, Any]]:
    lines = body["messages"][0]["content"][0]["text"].splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def other_ways(task: dict[str, Any]) -> list[str]:
    plain = task["instruction"].rstrip(".")
    return [f"{opening} {plain[:1].lower()}{plain[1:]}." for opening in ("Please", "Now", "Kindly", "Robot,", "Just")]


def reply(tasks: list[dict[str, Any]], ways: Any = other_ways) -> str:
    return json.dumps({"tasks": [{"task": t["name"], "paraphrases": ways(t)} for t in tasks]})


def test_grammar_fills_up_what_has_too_few_and_leaves_the_rest(bare) -> None:
    own = tuple(f"Way {i} to say it." for i in range(5))
    written = bare[0].model_copy(update={"paraphrases": own, "paraphraser": MODEL})
    few = bare[1].model_copy(update={"paraphrases": own[:2], "paraphraser": MODEL})
    kept, filled = GrammarParaphraser().reworded([written, few])
    assert kept == written
    assert filled.paraphraser == "procedural"
    assert len(set(filled.paraphrases)) >= 5


def test_a_model_writes_paraphrases_and_is_named_as_their_author(messages: ModuleType, asking, bare) -> None:
    with messages.serving(lambda turn, body: messages.Answer(reply(asked(body)))) as server:
        found = asking(server.url).reworded(bare)
        assert asking(server.url).reworded(bare) == found
        assert server.calls == 2, "two batches of three, answered by the cache the second time"
    for before, after in zip(bare, found, strict=True):
        assert after.paraphrases == tuple(other_ways({"instruction": before.instruction}))
        assert (after.paraphraser, after.author) == (MODEL, "procedural")


@pytest.mark.parametrize(
    ("ways", "told"),
    [
        (lambda t: other_ways(t)[:4], "4 different paraphrases, at least 5"),
        (lambda t: [*other_ways(t)[:4], t["instruction"].upper()], "4 different paraphrases"),
        (lambda t: ["Do that thing over there.", *other_ways(t)], "does not name the"),
        (lambda t: [*other_ways(t), t["goal"]], "is no sentence of at most 300 plain characters"),
    ],
)
def test_paraphrases_that_are_too_few_or_lose_something_go_back(messages, asking, bare, ways, told: str) -> None:
    def script(turn: int, body: dict[str, Any]) -> Any:
        return messages.Answer(reply(asked(body), ways if len(body["messages"]) == 1 else other_ways))

    with messages.serving(script) as server:
        found = asking(server.url).reworded(bare[:3])
        said = server.bodies[1]["messages"][2]["content"][0]["text"]
    assert told in said
    assert {t.paraphraser for t in found} == {MODEL}


def test_a_refusal_leaves_the_paraphrases_to_grammar(messages, asking, bare) -> None:
    with messages.serving(lambda turn, body: messages.Answer("", stop="refusal")) as server:
        writer = asking(server.url)
        found = writer.reworded(bare)
    assert len(writer.failed_calls) == 2
    assert all(call.startswith("ModelRefusedError") for call in writer.failed_calls)
    assert all(len(set(t.paraphrases)) >= 5 and t.paraphraser == "procedural" for t in found)


def test_grammar_never_loses_what_the_instruction_names(catalog, bare) -> None:
    for task in GrammarParaphraser().reworded(bare):
        nouns = set(head_nouns(task, {o.name: catalog.asset(o.asset) for o in task.objects}).values())
        for text in task.paraphrases:
            assert nouns & words_of(task.instruction) <= words_of(text), text
