"""The model refiner: text and labelled pictures go out, typed patches come in, what cannot be used ends in rules."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from demo_solvers.diagnosis import worst
from demo_solvers.refinement.keyframes import EYES, camera_of, keyframes, projected
from demo_solvers.refinement.loop import refine
from demo_solvers.refinement.model import ModelRefiner, RefinerSettings
from demo_solvers.refinement.patches import patched
from demo_solvers.refinement.procedural import ProceduralRefiner
from pipeline.asking.ask import Asker
from pipeline.asking.cache import CachedModel
from pipeline.asking.meter import Budget as TokenBudget
from pipeline.asking.meter import MeteredModel
from pipeline.core import poses
from pipeline.core.camera import CameraSpec
from pipeline.core.program import Program
from pipeline.core.refinement import Budget
from pipeline.llm.anthropic import Connection, anthropic
from pipeline.llm.cassette import cassette
from pipeline.llm.scripted import scripted
from pipeline.rollout import attempt

MODEL = "claude-sonnet-5-5"
FINDING = {"stage": 0, "cause": "The block has no handle.", "remedy": "Grasp it anywhere."}
GOOD = {"patches": [{"kind": "set_parameter", "stage": 0, "name": "region", "value": "middle"}], "reason": "no handle"}
USELESS = {"patches": [{"kind": "set_parameter", "stage": 0, "name": "lift", "value": 0.2}]}
IMPOSSIBLE = {"patches": [{"kind": "remove_stage", "stage": 7}]}


@pytest.fixture(scope="module")
def spoilt(sound):
    pick = sound.stages[0].model_copy(update={"parameters": {"region": "handle"}})
    return Program(stages=(pick, sound.stages[1]))


@pytest.fixture(scope="module")
def failed(stacking, spoilt, case):
    return case(stacking, *spoilt.stages)


def refiner_of(model, **settings):
    return ModelRefiner(Asker(model), RefinerSettings(model=MODEL, **settings), fallback=ProceduralRefiner())


def authors(proposals):
    return [p.author for p in proposals]


def test_the_diagnosing_call_sees_text_and_pictures_and_the_patching_call_text_only(failed):
    model = scripted([FINDING, {"changes": [GOOD]}])
    refiner_of(model).propose(failed, 2)
    look, patch = model.asked
    assert len(look.turns[0].pictures) == 2
    assert patch.turns[0].pictures == ()
    for words in (look.turns[0].text, patch.turns[0].text):
        assert "ik_failed in stage 0" in words
        assert failed.problem.task.goal in words
        assert "region = handle" in words
    assert FINDING["remedy"] in patch.turns[0].text
    assert "`block_green`: " in patch.turns[0].text
    assert "## push" in look.shared
    assert "0.03 to 0.3 m" in look.shared
    assert look.shared == patch.shared, "the long part is the same, so that servers can keep it"


def test_patches_arrive_and_the_places_left_over_are_the_rules(failed):
    model = scripted([FINDING, {"changes": [GOOD, USELESS]}], name=MODEL)
    refiner = refiner_of(model)
    found = refiner.propose(failed, 4)
    assert authors(found) == [MODEL, MODEL, "procedural", "procedural"]
    digests = {patched(failed.program, p, failed.problem.layout).digest for p in found}
    assert len(digests) == 4
    assert refiner.findings[0].cause == FINDING["cause"]
    assert set(refiner.prompt_hashes) == {"rules.md", "diagnose.md", "patch.md"}


def test_a_change_that_cannot_be_applied_is_dropped_beside_one_that_can(failed):
    model = scripted([FINDING, {"changes": [IMPOSSIBLE, GOOD]}], name=MODEL)
    assert authors(refiner_of(model).propose(failed, 1)) == [MODEL]
    assert len(model.asked) == 2


def test_changes_that_cannot_be_applied_go_back_with_the_reason(failed):
    model = scripted([FINDING, {"changes": [IMPOSSIBLE]}, {"changes": [GOOD]}], name=MODEL)
    assert authors(refiner_of(model).propose(failed, 1)) == [MODEL]
    assert "the program has stages 0 to 1" in model.asked[2].turns[-1].text


@pytest.mark.parametrize(
    "replies",
    [
        ["no JSON at all"] * 3,
        [FINDING, *['{"changes": [{"patches": [{"kind": "exec", "code": "import os"}]}]}'] * 3],
        [FINDING, *[{"changes": [IMPOSSIBLE]}] * 3],
        [],
    ],
)
def test_a_model_that_gives_nothing_usable_leaves_it_to_the_rules(failed, replies):
    refiner = refiner_of(scripted(replies))
    found = refiner.propose(failed, 3)
    assert authors(found) == ["procedural"] * 3
    assert list(found) == list(ProceduralRefiner().propose(failed, 3))
    assert len(refiner.failed_calls) == 1


def test_a_budget_too_small_leaves_it_to_the_rules(failed):
    model = scripted([FINDING])
    refiner = refiner_of(MeteredModel(model, TokenBudget(tokens=100)))
    assert authors(refiner.propose(failed, 2)) == ["procedural"] * 2
    assert refiner.failed_calls[0].startswith("BudgetError")
    assert model.asked == []


def test_the_same_case_is_asked_in_the_same_words(failed, tmp_path):
    model = scripted([FINDING, {"changes": [GOOD]}], name=MODEL)
    first = refiner_of(cassette(tmp_path / "calls.jsonl", model)).propose(failed, 1)
    again = refiner_of(cassette(tmp_path / "calls.jsonl")).propose(failed, 1)
    assert first == again


def solved_with(replies, stacking, simulator, spoilt, **budget):
    model = scripted(replies, name=MODEL)
    given = replace(stacking, budget=Budget(**budget))
    refiner = refiner_of(model, pictures=False)
    return attempt(simulator, given, lambda p, w: refine(p, w, [spoilt], refiner))


def test_patches_of_a_model_are_applied_and_chosen_on_merit(stacking, simulator, spoilt):
    for changes in ([USELESS, GOOD], [GOOD, USELESS]):
        replies = [FINDING, {"changes": changes}]
        solution = solved_with(replies, stacking, simulator, spoilt, rounds=1, variants=2)
        assert all(o.success for o in solution.outcomes)
        assert solution.program is not None
        assert solution.program.author == f"search+{MODEL}"
        assert solution.program.stages[0].parameters == {"region": "middle"}
        assert solution.rounds[1].author == MODEL


def test_a_model_that_is_wrong_loses_to_the_rules_beside_it(stacking, simulator, spoilt):
    replies = [FINDING, {"changes": [USELESS]}]
    solution = solved_with(replies, stacking, simulator, spoilt, rounds=1, variants=4)
    assert all(o.success for o in solution.outcomes)
    assert solution.program is not None
    assert solution.program.author == "search+procedural"


def test_through_the_real_client_over_http_a_fault_is_repaired_and_paid_once(
    messages, monkeypatch, tmp_path, stacking, simulator, spoilt
):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")

    def script(turn, body):
        pictures = [b for m in body["messages"] for b in m["content"] if b["type"] == "image"]
        return messages.Answer(json.dumps(FINDING if pictures else {"changes": [USELESS, GOOD]}))

    with messages.serving(script) as server:
        results = []
        for _ in range(2):
            model = CachedModel(anthropic(Connection(base_url=server.url)), tmp_path)
            with Asker(model) as asker:
                refiner = ModelRefiner(asker, RefinerSettings(model=MODEL), fallback=ProceduralRefiner())
                given = replace(stacking, budget=Budget(rounds=2, variants=2))
                results.append(attempt(simulator, given, lambda p, w, r=refiner: refine(p, w, [spoilt], r)))
        assert server.calls == 2
        assert [b["output_config"]["format"]["type"] for b in server.bodies] == ["json_schema"] * 2
    once, again = results
    assert all(o.success for o in once.outcomes)
    assert once.program == again.program
    assert once.program.author == f"search+{MODEL}"


def test_keyframes_show_the_moments_of_the_failure_with_names_where_things_are(failed):
    failure = worst(failed.failures)
    pictures, caption = keyframes(failed, failure)
    plain = failed.tried.worlds.look([camera_of(view) for view in EYES], failure.scene, [0])
    assert "moments from left to right: 0.0 s" in caption
    for view, picture in zip(EYES, pictures, strict=True):
        image = np.asarray(Image.open(io.BytesIO(picture.png)))
        assert image.shape[0] == 320
        assert image.shape[1] % 384 == 0
        changed = np.argwhere((image[:, :384] != plain[view].rgb[0]).any(axis=-1))
        where = projected(camera_of(view), failed.tried.starts.rows(slice(failure.scene, failure.scene + 1)))
        for u, v in (where["block_red"], where["block_green"]):
            assert np.linalg.norm(changed - [v, u], axis=1).min() < 6, "letters where the block is"


def test_a_thing_before_the_camera_is_projected_to_the_middle_of_its_picture(failed):
    state = failed.tried.starts.rows(slice(0, 1))
    bounds = state.layout.geometry["block_red"].bounds
    block = poses.compose(state.body("block_red")[0].astype(float), bounds.pose)[:3]
    eye = block + np.array([0.5, 0.0, 0.3])
    camera = CameraSpec(name="near", pose=tuple(map(float, poses.look_at(eye, block))), width=200, height=100)
    u, v = projected(camera, state)["block_red"]
    assert (u, v) == (pytest.approx(100, abs=1), pytest.approx(50, abs=1))
    away = tuple(map(float, poses.look_at(eye, 2 * eye - block)))
    assert "block_red" not in projected(CameraSpec(name="away", pose=away), state)
