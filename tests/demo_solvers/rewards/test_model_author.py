"""The model author: the language goes out in words, rewards come in as text that is checked, the rest is derived."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from demo_solvers.rewards import vocabulary
from demo_solvers.rewards.authors import ProceduralAuthor
from demo_solvers.rewards.compiled import compiled
from demo_solvers.rewards.model import AuthorSettings, ModelAuthor
from demo_solvers.rewards.procedural import Assignment
from demo_solvers.rewards.term import TERMS
from demo_solvers.rewards.trial import Candidate, Trial
from pipeline.asking.ask import Asker
from pipeline.asking.cache import CachedModel
from pipeline.asking.meter import Budget, MeteredModel
from pipeline.core.chat import Picture
from pipeline.holds import PREDICATES
from pipeline.llm.anthropic import Connection, anthropic
from pipeline.llm.cassette import cassette
from pipeline.llm.scripted import scripted

MODEL = "claude-sonnet-5-5"
GOAL = "(within carton zone_red)"
GOOD = {"thought": "Push it.", "reward": f"bring: -planar_distance(carton, zone_red)/10 cm\ngoal: 5*bonus({GOAL})"}
OTHER = {"reward": "reach: 1 - tanh(distance(tool, carton) / 10 cm)"}
WRONG = {"reward": "reach: 1 - distance(tool, cartn) / 10 cm"}
CODE = {"reward": "__import__('os').system('true')"}


@pytest.fixture
def task(layout, state):
    return Assignment(GOAL, layout, starts=state, instruction="Push the box into the red zone.")


def author_of(model, **settings):
    return ModelAuthor(Asker(model), AuthorSettings(model=MODEL, **settings), fallback=ProceduralAuthor())


def authors(found):
    return [candidate.author for candidate in found]


def test_the_model_is_told_the_task_the_scene_and_the_whole_language(task):
    model = scripted([GOOD, OTHER], name=MODEL)
    author_of(model, robot="Franka Panda arm").write(task, 2)
    first, second = model.asked
    assert task.instruction in first.turns[0].text
    assert GOAL in first.turns[0].text
    assert "`carton`: " in first.turns[0].text
    assert "Franka Panda arm" in first.shared
    assert all(f"`{name}(" in first.shared for name in TERMS)
    assert all(f"`({name} " in first.shared for name in PREDICATES)
    assert "cm/s" in first.shared
    assert first.shared == second.shared, "the long part is the same, so that servers can keep it"
    assert "request 2 of 2" in second.turns[0].text


def test_rewards_arrive_in_the_languages_own_spelling_and_can_be_computed(task, state):
    found = author_of(scripted([GOOD, OTHER], name=MODEL)).write(task, 2)
    assert authors(found) == [MODEL, MODEL]
    assert found[0].reason == "Push it."
    assert "planar_distance(carton, zone_red) / 10 cm" in found[0].reward
    assert compiled(found[0].reward, task.layout)(state).total.shape == (4,)


def test_a_reward_that_does_not_fit_goes_back_with_the_place_and_the_allowed_names(task):
    model = scripted([WRONG, GOOD], name=MODEL)
    assert authors(author_of(model).write(task, 1)) == [MODEL]
    told = model.asked[1].turns[-1].text
    assert "line 1, column 27" in told
    assert "Did you mean 'carton'" in told


def test_two_equal_rewards_are_one_and_the_place_left_over_is_derived(task):
    author = author_of(scripted([GOOD, GOOD, OTHER], name=MODEL))
    found = author.write(task, 4)
    assert authors(found) == [MODEL, MODEL, "procedural", "procedural"]
    assert len({c.reward for c in found}) == 4


@pytest.mark.parametrize("replies", [["no JSON"] * 6, [CODE] * 6, [WRONG] * 6, [], [{"code": "import os"}] * 6])
def test_a_model_that_gives_nothing_usable_leaves_it_to_the_procedural_author(task, replies):
    author = author_of(scripted(replies, name=MODEL))
    assert author.write(task, 2) == ProceduralAuthor().write(task, 2)
    assert len(author.failed_calls) == 2
    assert all("Error: " in why for why in author.failed_calls)


def test_a_budget_too_small_leaves_it_to_the_procedural_author(task):
    model = scripted([GOOD])
    author = author_of(MeteredModel(model, Budget(tokens=100)))
    assert authors(author.write(task, 2)) == ["procedural"] * 2
    assert author.failed_calls[0].startswith("BudgetError")
    assert model.asked == []


def trials_of(task):
    path = io.BytesIO()
    Image.new("RGB", (8, 8)).save(path, "PNG")
    curves = {"bring": [float(-i) for i in range(40)], "distance(tool, carton)": [0.5, 0.1]}
    one = Trial(
        Candidate(reward=str(compiled(GOOD["reward"], task.layout).reward), author=MODEL),
        0.25,
        curves,
        {"TIMEOUT": 12, "missed the zone": 3},
        (Picture(png=path.getvalue()),),
        "a failure, at 0, 2 and 4 s",
    )
    return [Trial(Candidate(reward="a: elapsed()"), 0.0), one]


def test_revising_the_model_sees_success_curves_causes_and_keyframes(task):
    model = scripted([OTHER, GOOD], name=MODEL)
    found = author_of(model).revise(task, trials_of(task), 2)
    said = model.asked[0].turns[0]
    assert "Success 25%" in said.text
    assert "bring: 0 -6" in said.text
    assert "-39" in said.text
    assert "12 x TIMEOUT, 3 x missed the zone" in said.text
    assert said.text.index("Reward 1:") < said.text.index("planar_distance(carton") < said.text.index("Reward 2:")
    assert "Pictures of reward 1: a failure, at 0, 2 and 4 s" in said.text
    assert len(said.pictures) == 1
    assert authors(found) == [MODEL, "procedural"], "what was tried before is not tried again"


def test_without_pictures_none_are_sent(task):
    model = scripted([OTHER], name=MODEL)
    author_of(model, pictures=False).revise(task, trials_of(task), 1)
    assert model.asked[0].turns[0].pictures == ()
    assert "There are no pictures." in model.asked[0].turns[0].text


def test_the_same_task_is_asked_in_the_same_words(task, tmp_path):
    first = author_of(cassette(tmp_path / "calls.jsonl", scripted([GOOD, OTHER], name=MODEL))).write(task, 2)
    assert first == author_of(cassette(tmp_path / "calls.jsonl")).write(task, 2)


def test_through_the_real_client_over_http_a_fault_is_repaired_and_paid_once(task, messages, monkeypatch, tmp_path):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")

    def script(turn, body):
        return messages.Answer(json.dumps(WRONG if len(body["messages"]) == 1 else GOOD))

    with messages.serving(script) as server:
        found = []
        for _ in range(2):
            model = CachedModel(anthropic(Connection(base_url=server.url)), tmp_path)
            with Asker(model) as asker:
                author = ModelAuthor(asker, AuthorSettings(model=MODEL), fallback=ProceduralAuthor())
                found.append(author.write(task, 1))
        assert server.calls == 2
        assert [b["output_config"]["format"]["type"] for b in server.bodies] == ["json_schema"] * 2
    assert found[0] == found[1]
    assert authors(found[0]) == [MODEL]


def test_the_page_on_rewards_lists_every_term_and_function():
    page = (Path(__file__).parents[3] / "docs" / "rewards.md").read_text()
    assert vocabulary.terms() in page
    assert vocabulary.functions() in page
