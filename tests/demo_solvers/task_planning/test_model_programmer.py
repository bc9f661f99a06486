"""A model writes programs over HTTP, partly badly: what has no faults comes through, the rest is told its mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from demo_solvers.solvers.vipr import vipr
from demo_solvers.task_planning.check import check_program
from demo_solvers.task_planning.model_programmer import ModelProgrammer, ProgrammerSettings, Written
from demo_solvers.task_planning.written import WrittenProgram
from pipeline.asking.ask import Asker
from pipeline.asking.cache import CachedModel
from pipeline.asking.meter import Budget, MeteredModel
from pipeline.core.doors import Problem
from pipeline.core.program import Relation
from pipeline.core.world import WorldState
from pipeline.llm.anthropic import Connection, anthropic
from pipeline.llm.scripted import scripted
from pipeline.rollout import attempt

TOP = "cabinet/top_drawer"
MODEL = "claude-sonnet-5-5"
OPEN = {"skill": "open", "body": TOP, "post": f"(is_open {TOP})"}
PICK = {"skill": "pick", "body": "mug", "parameters": [{"name": "lift", "value": 0.2}]}
PLACE = {"skill": "place", "body": "mug", "relations": [{"predicate": "inside", "anchor": TOP}]}
GOOD = {"thought": "The drawer is shut, so it is opened first.", "stages": [OPEN, PICK, PLACE]}


@pytest.fixture(scope="module")
def kitchen(problem) -> Problem:
    goal, start = f"(inside mug {TOP})", (f"(is_closed {TOP})",)
    return problem(goal, "mug", "plate", "cabinet", initial=start, worlds=2)


@pytest.fixture
def world(kitchen: Problem, simulator) -> WorldState:
    return simulator.load(kitchen.scenes)


@pytest.fixture
def asking(messages: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Runs a script of replies behind the real client: the programmer's results, and the server."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    askers: list[Asker] = []

    def run(
        script: Any,
        kitchen: Problem,
        world: WorldState,
        *,
        repairs: int = 2,
        structured: bool | None = True,
        folder: Path | None = None,
        budget: Budget | None = None,
        **settings: Any,
    ) -> tuple[Written, Any, MeteredModel]:
        with messages.serving(script, structured=structured) as server:
            client = anthropic(Connection(base_url=server.url, retries=0, concurrency=1))
            meter = MeteredModel(client if folder is None else CachedModel(client, folder), budget)
            askers.append(Asker(meter, repairs=repairs))
            programmer = ModelProgrammer(askers[-1], ProgrammerSettings(model=MODEL, **settings))
            return programmer.write(kitchen, world), server, meter

    yield run
    for asker in askers:
        asker.close()


def replies(messages: ModuleType, *values: Any) -> Callable[[int, dict[str, Any]], Any]:
    """These, one after the other; the last one again and again."""

    def script(turn: int, body: dict[str, Any]) -> Any:
        value = values[min(turn, len(values) - 1)]
        if isinstance(value, messages.Answer):
            return value
        return messages.Answer(value if isinstance(value, str) else json.dumps(value))

    return script


def with_stage(number: int, **changes: Any) -> dict[str, Any]:
    stages = [dict(s) for s in GOOD["stages"]]  # type: ignore[union-attr]
    stages[number].update(changes)
    return {**GOOD, "stages": stages}


def test_a_written_program_becomes_stages_under_the_models_name(messages, asking, kitchen, world) -> None:
    written, _, _ = asking(replies(messages, GOOD), kitchen, world)
    (program,) = written.programs
    assert str(program) == f"open {TOP}; pick mug; place mug inside {TOP}"
    assert program.author == MODEL
    assert program.stages[1].parameters == {"lift": 0.2}
    assert program.stages[2].relations == (Relation(predicate="inside", anchor=TOP),)
    assert check_program(program, world.layout) == ()
    assert written.failed_calls == ()


def test_the_schema_has_no_free_keys_so_that_the_server_can_enforce_it(messages, asking, kitchen, world) -> None:
    _, server, _ = asking(replies(messages, GOOD), kitchen, world)
    assert server.bodies[0]["output_config"]["format"]["type"] == "json_schema"


def test_servers_that_force_tools_write_programs_too(messages, asking, kitchen, world) -> None:
    written, server, _ = asking(replies(messages, GOOD), kitchen, world, structured=None)
    assert "tools" in server.bodies[0]
    assert len(written.programs) == 1


def test_skills_bodies_and_what_is_true_are_told(messages, asking, kitchen, world) -> None:
    _, server, _ = asking(replies(messages, GOOD), kitchen, world)
    rules, told = json.dumps(server.bodies[0]["system"]), server.bodies[0]["messages"][0]["content"][0]["text"]
    for word in ("## place", "`lift`: how far it is lifted; 0.03 to 0.3 m", "(inside <a: movable> <b: container>)"):
        assert word in rules
    for word in (f"(inside mug {TOP})", "`mug`: manipuland", "can be grasped", "axes pull", f"`(is_closed {TOP})`"):
        assert word in told
    assert "(on mug table)" in told


HALLUCINATIONS = [
    (with_stage(0, skill="unlock"), "no skill 'unlock'"),
    (with_stage(1, body="teapot"), "no body 'teapot'"),
    (with_stage(1, parameters=[{"name": "torque", "value": 5}]), "no parameter 'torque'"),
    (with_stage(1, parameters=[{"name": "lift", "value": 50}]), "lift is 50.0; allowed: 0.03 to 0.3 m"),
    (with_stage(1, parameters=[{"name": "lift", "value": 0.1}] * 2), "'lift' is given twice"),
    (with_stage(1, keypoint="spout"), "no point 'spout'"),
    (with_stage(2, relations=[{"predicate": "under", "anchor": TOP}]), "no relation 'under'"),
    (with_stage(2, post="(in mug drawer)"), "post cannot be read"),
    ({**GOOD, "stages": [OPEN, PLACE]}, "needs 'mug' in the hand, which is empty"),
    ({**GOOD, "stages": []}, "at least 1"),
    ({"plan": "open the drawer"}, "stages: Field required"),
    (with_stage(0, skill="__import__('os').system('true')"), "no skill"),
    ("Sure! First I would open the drawer.", "holds no JSON object"),
    ('{"stages": [{"skill": "open", "body": ', "no JSON object"),
]


@pytest.mark.parametrize(("bad", "says"), HALLUCINATIONS)
def test_what_is_wrong_goes_back_in_words_and_comes_back_mended(messages, asking, kitchen, world, bad, says) -> None:
    written, server, _ = asking(replies(messages, bad, GOOD), kitchen, world, structured=False)
    told = server.bodies[1]["messages"][-1]["content"][0]["text"]
    assert says in told
    assert [p.author for p in written.programs] == [MODEL]
    assert len(server.bodies) == 2


def test_a_model_that_never_gets_it_right_leaves_no_program_and_the_reason(messages, asking, kitchen, world) -> None:
    written, server, _ = asking(replies(messages, with_stage(1, body="teapot")), kitchen, world, repairs=1)
    assert written.programs == ()
    assert len(server.bodies) == 2
    assert "ModelReplyError" in written.failed_calls[0]
    assert "teapot" in written.failed_calls[0]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"text": '{"stages": [', "stop": "max_tokens"}, "ModelTruncatedError"),
        ({"stop": "refusal"}, "ModelRefusedError"),
    ],
)
def test_cut_off_and_refused_replies_cost_one_program_only(messages, asking, kitchen, world, answer, error) -> None:
    broken = messages.Answer(**answer)
    written, _, _ = asking(replies(messages, broken, GOOD), kitchen, world, programs=2)
    assert len(written.programs) == 1
    assert [c.split(":")[0] for c in written.failed_calls] == [error]


def test_several_programs_are_asked_for_in_different_words_and_none_is_kept_twice(
    messages, asking, kitchen, world
) -> None:
    other = with_stage(1, parameters=[{"name": "approach", "value": "down"}])
    written, server, _ = asking(replies(messages, GOOD, GOOD, other), kitchen, world, programs=3)
    assert len(written.programs) == 2
    asked = [b["messages"][0]["content"][0]["text"] for b in server.bodies]
    assert len(set(asked)) == 3
    assert len({json.dumps(b["system"]) for b in server.bodies}) == 1, "the long part is the same for all"


def test_the_same_question_is_paid_once(messages, asking, kitchen, world, tmp_path) -> None:
    first, server, _ = asking(replies(messages, GOOD), kitchen, world, folder=tmp_path)
    again, second, meter = asking(replies(messages, GOOD), kitchen, world, folder=tmp_path)
    assert (server.calls, second.calls) == (1, 0)
    assert again.programs == first.programs
    assert meter.accounts[kitchen.task.name].cached == 1, "calls are booked on the task"


def test_a_spent_budget_is_a_failed_call(messages, asking, kitchen, world) -> None:
    written, server, _ = asking(replies(messages, GOOD), kitchen, world, budget=Budget(tokens=100))
    assert (written.programs, server.calls) == ((), 0)
    assert "BudgetError" in written.failed_calls[0]


def test_a_target_is_written_as_a_position_and_a_turn() -> None:
    target = {"frame": "plate", "x": 0.1, "y": 0.0, "z": 0.05, "turn": 180.0}
    text = json.dumps({"stages": [{"skill": "place", "body": "mug", "target": target}]})
    stage = WrittenProgram.model_validate_json(text).program().stages[0]
    assert stage.target is not None
    assert stage.target.frame == "plate"
    assert stage.target.pose == pytest.approx((0.1, 0.0, 0.05, 0.0, 0.0, 0.0, 1.0))


def test_a_written_program_competes_with_the_plan_in_the_same_batch(kitchen, simulator) -> None:
    other = with_stage(1, parameters=[{"name": "approach", "value": "down"}])
    with Asker(scripted([json.dumps(other)])) as asker:
        programmer = ModelProgrammer(asker, ProgrammerSettings(model="a-model"))
        solution = attempt(simulator, kitchen, partial(vipr, programmer=programmer))
    (first,) = solution.rounds
    assert [variant.program.author for variant in first.variants] == ["search", "scripted"]
    assert solution.program is not None
    assert any(outcome.success for outcome in solution.outcomes)


def test_a_program_that_cannot_be_written_leaves_the_plan_alone(kitchen, simulator) -> None:
    with Asker(scripted(["no program"] * 3)) as asker:
        programmer = ModelProgrammer(asker, ProgrammerSettings(model="a-model"))
        solution = attempt(simulator, kitchen, partial(vipr, programmer=programmer))
    assert [variant.program.author for variant in solution.rounds[0].variants] == ["search"]
