"""Critique: rules and a model score the same things, what is below the limits falls through with a reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.asking.ask import Asker
from pipeline.asking.cache import CachedModel
from pipeline.asking.meter import Budget, MeteredModel
from pipeline.core.task import Critique, TaskSpec
from pipeline.llm.anthropic import Connection, anthropic
from task_gen.asking import AskSettings
from task_gen.author import propose
from task_gen.critique import Limits, criticised, rejection
from task_gen.model_critic import ModelCritic
from task_gen.rule_critic import RuleCritic

MODEL = "claude-sonnet-5-5"


@pytest.fixture
def rules(catalog, robot) -> RuleCritic:
    return RuleCritic(catalog, robot)


@pytest.fixture
def judged(rules, task):
    """The rules' critique of a task written by hand."""

    def judge(instruction: str, goal: str, *assets: str, horizon: float = 20.0, **more: Any) -> Critique:
        made = task(goal, *assets, horizon=horizon, **more).model_copy(update={"instruction": instruction})
        return rules.criticise([made])[0]

    return judge


def test_an_everyday_task_in_plain_words_is_sensible_clear_and_easy(judged) -> None:
    found = judged("Put the salt shaker on the plate.", "(on salt_shaker plate)", "salt_shaker", "plate")
    assert (found.sense, found.clarity) == (1.0, 1.0)
    assert found.difficulty < 0.3
    assert found.author == "procedural"


def test_shoes_on_a_plate_make_less_sense_than_food(judged) -> None:
    food = judged("Put the hot dog on the plate.", "(on hot_dog plate)", "hot_dog", "plate")
    shoes = judged("Put the sneakers on the plate.", "(on sneakers plate)", "sneakers", "plate")
    assert food.sense == 1.0
    assert shoes.sense <= 0.5
    assert any("sneakers" in why for why in shoes.reasons)


def test_what_plays_no_part_and_what_is_done_already_cost_sense(judged) -> None:
    words, goal = "Put the fork on the plate.", "(on fork plate)"
    idle = judged(words, goal, "fork", "plate", "spoon")
    done = judged(
        words, "(and (on fork plate) (on spoon plate))", "fork", "plate", "spoon", initial=("(on spoon plate)",)
    )
    assert idle.sense == done.sense == 0.8
    assert idle.reasons[0] == "The spoon plays no part."
    assert "(on spoon plate) holds from the start." in done.reasons


@pytest.mark.parametrize(
    ("instruction", "flaw"),
    [
        ("Do it now.", "The fork is not named."),
        ("Take the fork to the plate.", "no word for 'on'"),
        ("Put block_red on the plate, fork too.", "only a program uses"),
        ("Fork plate.", "too short"),
        ("Put the fork " + "very carefully and slowly " * 9 + "on the plate.", "too long"),
    ],
)
def test_each_flaw_of_the_wording_costs_clarity_and_is_told(judged, instruction: str, flaw: str) -> None:
    found = judged(instruction, "(on fork plate)", "fork", "plate")
    assert found.clarity <= 0.8
    assert any(flaw in why for why in found.reasons), found.reasons


def test_a_word_that_fits_two_things_is_unclear(judged) -> None:
    goal = "(on block_red block_blue)"
    vague = judged("Stack the block on the blue block.", goal, "block_red", "block_blue", "block_green")
    clear = judged("Stack the red block on the blue block.", goal, "block_red", "block_blue", "block_green")
    lazy = judged("Stack the block on the other block.", goal, "block_red", "block_blue", "block_green")
    assert clear.clarity == 1.0
    assert lazy.clarity < 0.6
    assert vague.clarity < clear.clarity


def test_stages_a_tight_fit_and_haste_make_a_task_harder(judged) -> None:
    things = ("salt_shaker", "espresso_cup", "pill_bottle")
    one = judged("Put the salt shaker on the tray.", "(on salt_shaker tray)", "salt_shaker", "tray")
    words = "Put the salt shaker, the espresso cup and the pill bottle on the tray."
    goal = f"(and {' '.join(f'(on {name} tray)' for name in things)})"
    three = judged(words, goal, *things, "tray", horizon=60.0)
    hasty = judged(words, goal, *things, "tray", horizon=25.0)
    tight = judged("Stack the red block on the blue block.", "(on block_red block_blue)", "block_red", "block_blue")
    assert one.difficulty < three.difficulty < hasty.difficulty <= 1.0
    assert one.difficulty < tight.difficulty


def test_a_drawer_that_must_be_opened_on_the_way_makes_a_task_harder(judged) -> None:
    words, goal = "Put the mug in the top drawer of the cabinet.", "(inside mug cabinet/top_drawer)"
    shut = judged(words, goal, "mug", "cabinet", initial=("(is_closed cabinet/top_drawer)",))
    opened = judged(words, goal, "mug", "cabinet", initial=("(is_open cabinet/top_drawer)",))
    assert shut.difficulty > opened.difficulty + 0.2
    assert (shut.sense, shut.clarity) == (opened.sense, opened.clarity) == (1.0, 1.0)


def test_the_only_part_of_a_thing_that_moves_need_not_be_named(judged, catalog) -> None:
    stove, cabinet = catalog.asset("stove"), catalog.asset("cabinet")
    assert (len(stove.joints), len(cabinet.joints) > 1) == (1, True)
    assert judged("Turn on the stove.", f"(turned_on stove/{stove.joints[0].link})", "stove").clarity == 1.0
    assert judged("Open the cabinet.", "(is_open cabinet/top_drawer)", "cabinet").clarity < 0.7


def test_of_an_authors_tasks_every_score_is_in_range_and_difficulty_tells_them_apart(catalog, robot, rules) -> None:
    found = rules.criticise(propose(catalog, robot, count=40, seed=3))
    assert all(0 <= score <= 1 for c in found for score in (c.sense, c.difficulty, c.clarity))
    assert len({c.difficulty for c in found}) > 5
    assert sum(c.clarity for c in found) / len(found) > 0.9, "templates name everything"


def test_what_is_below_a_limit_falls_through_with_score_limit_and_reason(rules, task) -> None:
    shoes = task("(on sneakers plate)", "sneakers", "plate").model_copy(
        update={"instruction": "Put the sneakers on the plate."}
    )
    (judged,) = criticised([shoes], rules)
    found = rejection(judged, Limits(min_sense=0.8))
    assert found is not None
    assert (found.stage, found.reasons[0].code, found.reasons[0].subject) == ("critique", "poor", "sense")
    assert "0.50 is not within 0.80 to 1.00, says procedural." in found.reasons[0].message
    assert "do not belong together" in found.reasons[0].message
    assert rejection(judged, Limits()) is None
    assert rejection(judged, Limits(max_difficulty=0.0)) is not None


@pytest.fixture
def asking(messages: ModuleType, monkeypatch, tmp_path: Path, robot, rules) -> Iterator[Any]:
    """A model critic at a server that runs a script."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    open_: list[Asker] = []

    def make(url: str, *, batch: int = 10, budget: Budget | None = None) -> tuple[ModelCritic, MeteredModel]:
        client = anthropic(Connection(base_url=url, retries=0, concurrency=2))
        meter = MeteredModel(CachedModel(client, tmp_path), budget)
        open_.append(Asker(meter))
        return ModelCritic(open_[-1], robot, AskSettings(model=MODEL, batch=batch), fallback=rules), meter

    yield make
    while open_:
        open_.pop().close()


def named(body: dict[str, Any], message: int = 0) -> list[str]:
    """The tasks that a call asks about."""
    lines = body["messages"][message]["content"][0]["text"].splitlines()
    return [json.loads(line)["name"] for line in lines if line.startswith("{")]


def scores(name: str, **more: Any) -> dict[str, Any]:
    return {"task": name, "sense": 0.4, "difficulty": 0.5, "clarity": 0.9, "reason": "Nobody asks for it."} | more


def reply(entries: list[dict[str, Any]]) -> str:
    return json.dumps({"judgements": entries})


@pytest.fixture(scope="module")
def twelve(catalog, robot) -> tuple[TaskSpec, ...]:
    return propose(catalog, robot, count=12, seed=5)


def test_a_model_judges_in_batches_and_the_second_time_for_nothing(messages, asking, twelve) -> None:
    def script(turn: int, body: dict[str, Any]) -> Any:
        return messages.Answer(reply([scores(n) for n in reversed(named(body))]))

    with messages.serving(script) as server:
        found = asking(server.url, batch=5)[0].criticise(twelve)
        again, meter = asking(server.url, batch=5)
        assert again.criticise(twelve) == found
        assert server.calls == 3
        shared = {json.dumps(b["system"]) for b in server.bodies}
    assert len(found) == 12
    assert set(found) == {
        Critique(sense=0.4, difficulty=0.5, clarity=0.9, reasons=("Nobody asks for it.",), author=MODEL)
    }
    assert len(shared) == 1
    assert "would ask for it, its things do not belong together" in next(iter(shared)), "the scales are told"
    assert meter.accounts["critique"].calls == 0


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (lambda names: reply([scores(n) for n in names[1:]]), "answered 0 times"),
        (lambda names: reply([scores(n) for n in [*names, names[0]]]), "answered 2 times"),
        (lambda names: reply([scores(n) for n in [*names, "made_up"]]), "'made_up' is none of the tasks"),
        (lambda names: reply([scores(n, sense=7) for n in names]), "less than or equal to 1"),
        (lambda names: "They are all fine.", "no JSON object"),
    ],
)
def test_a_malformed_critique_goes_back_with_the_reason(messages, asking, twelve, first, told: str) -> None:
    def script(turn: int, body: dict[str, Any]) -> Any:
        names = named(body)
        return messages.Answer(first(names) if turn == 0 else reply([scores(n) for n in names]))

    with messages.serving(script) as server:
        critic = asking(server.url, batch=20)[0]
        found = critic.criticise(twelve)
        said = server.bodies[1]["messages"][2]["content"][0]["text"]
    assert {c.author for c in found} == {MODEL}
    assert critic.failed_calls == []
    assert told in said


@pytest.mark.parametrize(
    ("stop", "error"), [("refusal", "ModelRefusedError: "), ("max_tokens", "ModelTruncatedError: ")]
)
def test_a_call_that_fails_is_noted_and_rules_judge_its_tasks(messages, asking, twelve, rules, stop, error) -> None:
    def script(turn: int, body: dict[str, Any]) -> Any:
        names = named(body)
        if twelve[0].name in names:
            return messages.Answer('{"judgements": [', stop=stop)
        return messages.Answer(reply([scores(n) for n in names]))

    with messages.serving(script) as server:
        critic = asking(server.url, batch=6)[0]
        found = critic.criticise(twelve)
    assert found[:6] == rules.criticise(twelve[:6])
    assert {c.author for c in found[6:]} == {MODEL}
    assert len(critic.failed_calls) == 1
    assert critic.failed_calls[0].startswith(error)


def test_a_budget_too_small_leaves_the_critique_to_the_rules(messages, asking, twelve, rules) -> None:
    with messages.serving(lambda turn, body: messages.Answer("{}")) as server:
        critic, _ = asking(server.url, budget=Budget(tokens=100))
        assert critic.criticise(twelve) == rules.criticise(twelve)
        assert server.calls == 0
    assert all(c.startswith("BudgetError") for c in critic.failed_calls)
