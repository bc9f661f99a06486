"""Learning from written rewards: candidates are tried, the best is trained on, and nothing is done twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from demo_solvers.learning.eureka import DenseLearned, learn_dense
from demo_solvers.learning.policy import LocalPolicy
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.training import PPOSettings, Record
from demo_solvers.learning.tried import Tried, chosen, ranked
from demo_solvers.learning.trying import FULL
from demo_solvers.rewards.authors import ProceduralAuthor
from demo_solvers.rewards.model import AuthorSettings, ModelAuthor
from demo_solvers.rewards.procedural import Assignment
from demo_solvers.rewards.state import RewardState
from demo_solvers.rewards.trial import Candidate, Trial
from pipeline.asking.ask import Asker
from pipeline.core.chat import Picture
from pipeline.core.errors import InvalidInputError
from pipeline.core.learning import Curve, LearningBudget
from pipeline.core.scene import SceneSpec
from pipeline.llm.anthropic import Connection, anthropic
from pipeline.llm.scripted import scripted
from pipeline.rollout import PracticeWorlds

SMALL = PPOSettings(horizon=8, hidden=(16, 16))
TINY = LearningBudget(steps=440, candidates=2, rounds=2, worlds=4)
MODEL = "claude-sonnet-5-5"
FIRST = {"thought": "Nearer.", "reward": "bring: 10 * change(-planar_distance(cookie_box, zone_green) / 10 cm)"}
SECOND = {"reward": "bring: -planar_distance(cookie_box, zone_green) / 10 cm"}
THIRD = {"reward": "bring: 3 * change(-tanh(planar_distance(cookie_box, zone_green) / 20 cm))"}
WRONG = {"reward": "bring: -planar_distance(cookie_box, zone_gren) / 10 cm"}
NAMES = [f"candidate {i} of round {r}" for r in (1, 2) for i in (1, 2)]
Learn = Callable[..., DenseLearned]


class _Stop(Exception):
    """The moment at which learning is killed."""


class _Recording(ProceduralAuthor):
    """The procedural author, keeping what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Sequence[Trial]] = []

    def write(self, task: Assignment, count: int) -> tuple[Candidate, ...]:
        self.shown.append(())
        return super().write(task, count)

    def revise(self, task: Assignment, trials: Sequence[Trial], count: int) -> tuple[Candidate, ...]:
        self.shown.append(trials)
        return super().revise(task, trials, count)


@pytest.fixture
def task(worlds: PracticeWorlds, stage: LearnedStage, starts: list[SceneSpec]) -> Assignment:
    state = worlds.put(range(4), starts[:4])
    return Assignment(
        stage.goal, state.layout, starts=RewardState.of(state, starts[0].robot), instruction="Push the box."
    )


@pytest.fixture
def learn(
    worlds: PracticeWorlds, stage: LearnedStage, starts: list[SceneSpec], task: Assignment, tmp_path: Path
) -> Learn:
    def make(folder: str = "whole", *, author: object = None, budget: LearningBudget = TINY, **more) -> DenseLearned:
        short = stage.model_copy(update={"decisions": 6})
        train, held = starts[:-3], starts[-3:]
        given = author or ProceduralAuthor()
        kept = tmp_path / folder
        return learn_dense(
            worlds, short, train, held, given, task, budget=budget, folder=kept, seed=0, settings=SMALL, **more
        )

    return make


def assert_same(one: DenseLearned, other: DenseLearned) -> None:
    assert one.record == other.record
    for a, b in zip(
        (*one.policy.weights, *one.policy.biases), (*other.policy.weights, *other.policy.biases), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_candidates_are_tried_and_the_best_is_trained_on_within_the_budget(learn: Learn) -> None:
    author = _Recording()
    record = learn(author=author).record
    assert [curve.name for curve in record.curves] == [*NAMES, FULL]
    assert record.tried[record.chosen] == chosen(record.tried)
    assert record.full.reward == record.tried[record.chosen].candidate.reward
    assert len({one.candidate.reward for one in record.tried}) == 4
    scaling = 2 * 4 * 6  # in each round an episode in all worlds
    assert record.steps == sum(one.steps for one in record.tried) + scaling + record.full.steps[-1]
    assert record.steps - record.full.steps[-1] <= 0.5 * TINY.steps + 4 * 2 * SMALL.horizon
    assert TINY.steps <= record.steps < TINY.steps + 4 * SMALL.horizon
    assert record.starts == 3
    for curve in record.curves:
        assert {"bring_0", "reach_0", "planar_distance(cookie_box, zone_green)"} & curve.terms.keys()
        assert {len(curve.steps)} == {len(v) for v in (curve.success, curve.value, *curve.terms.values())}
    assert [len(trials) for trials in author.shown] == [0, 2]
    for trial in author.shown[1]:
        assert sum(trial.failures.values()) == round((1 - trial.success) * len(record.tried[0].outcomes))
        assert trial.curves.keys() > {"success in training"}


def test_what_is_learned_is_read_again_and_not_done_again(learn: Learn) -> None:
    done, told = learn(), list[str]()

    class Silent:
        name = "procedural"

    assert_same(done, learn(author=Silent(), listener=lambda name, record: told.append(name)))
    assert not told


def test_another_task_in_the_same_folder_is_another_learning(learn: Learn) -> None:
    one = learn()
    other = learn(budget=TINY.model_copy(update={"rounds": 1}))
    assert one.record.digest != other.record.digest
    assert len(other.record.tried) == 2


def test_killed_anywhere_it_goes_on_as_if_it_had_not_been(learn: Learn, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = learn("whole")
    for name, updates in ((NAMES[1], 1), (NAMES[0], 2), (NAMES[3], 2), (FULL, 1), (FULL, 3)):

        def stop(told: str, record: Record, name: str = name, updates: int = updates) -> None:
            if (told, record.updates) == (name, updates):
                raise _Stop

        with pytest.raises(_Stop):
            learn("cut", listener=stop)
    told = list[str]()
    assert_same(whole, learn("cut", listener=lambda name, record: told.append(name)))
    assert set(told) == {FULL}, "what was finished is not trained again"


def test_killed_before_the_author_revised_the_author_is_asked_again_and_nothing_is_retrained(learn: Learn) -> None:
    class Fails(_Recording):
        def revise(self, task: Assignment, trials: Sequence[Trial], count: int) -> tuple[Candidate, ...]:
            raise _Stop

    with pytest.raises(_Stop):
        learn("cut", author=Fails())
    told, author = set[str](), _Recording()
    found = learn("cut", author=author, listener=lambda name, record: told.add(name))
    assert told == {*NAMES[2:], FULL}
    assert len(author.shown) == 1, "the first round is not written again"
    assert_same(learn("whole"), found)


def test_keyframes_of_what_was_tried_reach_the_author(learn: Learn) -> None:
    author, looked = _Recording(), list[tuple[LocalPolicy, SceneSpec]]()

    def look(policy: LocalPolicy, start: SceneSpec) -> tuple[Picture, ...]:
        looked.append((policy, start))
        return (Picture(png=b"seen"),)

    record = learn(author=author, look=look).record
    assert len(looked) == 2, "after the last round nobody looks"
    assert [trial.pictures for trial in author.shown[1]] == [(Picture(png=b"seen"),)] * 2
    assert {trial.caption for trial in author.shown[1]} <= {"a failure", "a success"}
    assert not any(one.pictures for one in record.tried)


def test_a_budget_too_small_is_refused_with_what_to_do(learn: Learn) -> None:
    with pytest.raises(InvalidInputError, match="Allow more steps"):
        learn(budget=TINY.model_copy(update={"steps": 100}))
    with pytest.raises(InvalidInputError, match="there are 4"):
        learn(budget=TINY.model_copy(update={"candidates": 5}))


def tried(outcomes: Sequence[bool], actions: float, left: float, value: float) -> Tried:
    curve = Curve(name="one", steps=(1,), success=(0.0,), value=(value,))
    candidate = Candidate(reward=f"a: {value}")
    return Tried(
        candidate=candidate, scale=1.0, outcomes=tuple(outcomes), actions=actions, left=left, curve=curve, steps=1
    )


def test_success_selects_then_speed_then_what_is_left_and_never_the_rewards_value() -> None:
    rich = tried([True, False], 9.0, 0.9, 900.0)
    good = tried([True, True], 20.0, 0.5, -3.0)
    quick = tried([True, True], 10.0, 0.5, -5.0)
    near = tried([True, True], 10.0, 0.1, -9.0)
    assert ranked([rich, good, quick, near]) == [near, quick, good, rich]
    assert ranked([near, near.model_copy(update={"candidate": rich.candidate})])[0] is near


def test_what_short_trainings_cannot_tell_apart_is_chosen_as_the_author_wrote_it() -> None:
    first, lucky = tried([True, *[False] * 31], 80.0, 0.9, 1.0), tried([*[True] * 3, *[False] * 29], 70.0, 0.8, 2.0)
    better = tried([*[True] * 20, *[False] * 12], 60.0, 0.5, 3.0)
    assert chosen([first, lucky]) is first
    assert chosen([first, lucky, better]) is better
    assert chosen([lucky]) is lucky


def authors(found: DenseLearned) -> list[str]:
    return [one.candidate.author for one in found.record.tried]


def test_a_models_rewards_are_tried_repaired_and_filled_up(learn: Learn) -> None:
    model = scripted([WRONG, SECOND, FIRST, THIRD, *(["no JSON"] * 3)], name=MODEL)
    with Asker(model) as asker:
        author = ModelAuthor(asker, AuthorSettings(model=MODEL), fallback=ProceduralAuthor())
        found = learn(author=author)
    assert sorted(authors(found)) == [MODEL, MODEL, MODEL, "procedural"]
    assert "zone_green" in "".join(turn.text for request in model.asked for turn in request.turns)
    revised = model.asked[-1].turns[0].text
    assert "Success " in revised
    assert "success in training: " in revised
    assert "x out of time" in revised


def test_a_model_behind_the_real_client_is_asked_once(learn: Learn, messages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")

    def script(turn: int, body: dict) -> object:
        said, repaired = json.dumps(body["messages"]), len(body["messages"]) > 1
        second, revised = "request 2 of 2" in said, "Rewards that were tried" in said
        if revised:
            return messages.Answer("I would rather not." if second else json.dumps(THIRD))
        return messages.Answer(json.dumps(FIRST if not second else SECOND if repaired else WRONG))

    with messages.serving(script) as server:
        found, calls = list[DenseLearned](), list[int]()
        for _ in range(2):
            with Asker(anthropic(Connection(base_url=server.url))) as asker:
                author = ModelAuthor(asker, AuthorSettings(model=MODEL), fallback=ProceduralAuthor())
                found.append(learn(author=author))
            calls.append(server.calls)
    assert calls[0] == calls[1] >= 5, "what is learned is not asked for again"
    assert_same(*found)
    assert authors(found[0]) == [MODEL, MODEL, MODEL, "procedural"]
    assert found[0].record.tried[1].candidate.reward.startswith("bring: -planar_distance(cookie_box, zone_green)")
