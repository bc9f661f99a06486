"""A model in the eyes and on the way: boxes refined on depth, waypoints from named points, and what it gets wrong."""

import json

import numpy as np
import pytest

from demo_solvers.path3d.hand import waypoint
from demo_solvers.path3d.model_paths import ModelPaths, Passage, PathSettings
from demo_solvers.path3d.model_perception import EyesSettings, ModelPerceiver
from demo_solvers.path3d.perception import Unseen
from demo_solvers.path3d.plan import Action, Path3D
from demo_solvers.solvers.path3d import Path3dSolver
from pipeline.asking.ask import Asker
from pipeline.core import poses
from pipeline.llm.anthropic import Connection, anthropic
from pipeline.llm.scripted import scripted
from pipeline.rollout import attempt

MODEL = "claude-sonnet-5-5"
DOWN = np.array([0.0, 1.0, 0.0, 0.0])
NAMES = ("block_green", "zone_red", "block_red", "block_blue")

pytestmark = pytest.mark.physics


@pytest.fixture(scope="module")
def boxes(blocks, seen):
    """The tight box of every thing on the picture that shows most of it, as a model that sees well would answer."""
    return boxes_of(seen(blocks[0], segmentation=True), NAMES)


def boxes_of(shown, names):
    found = []
    for name in names:
        label = shown.problem.labels.index(name)
        view = max(shown.views, key=lambda v: (shown.views[v].labels[0] == label).sum())
        v, u = np.nonzero(shown.views[view].labels[0] == label)
        found.append(
            {"name": name, "view": view, "box": [int(u.min()), int(v.min()), int(u.max()) + 1, int(v.max()) + 1]}
        )
    return found


def perceiver(catalog, replies, **how):
    model = scripted(replies)
    return model, ModelPerceiver(catalog, Asker(model), EyesSettings(model=MODEL), **how)


def test_boxes_become_things_at_their_places(catalog, blocks, boxes):
    built, seen = blocks
    model, eyes = perceiver(catalog, [{"things": boxes}])
    sighting = eyes.perceive(seen.problem, seen.views, 0, seen.joints)
    for name in NAMES:
        truth = built.scenes[0].placement(name)
        centre = poses.compose(truth.pose, truth.asset.links[""].bounds.pose)[:3]
        assert np.linalg.norm(sighting.things[name].centre - centre) < 0.01, name
    assert sighting.things["zone_red"].flat
    assert len(model.asked[0].turns[0].pictures) == len(seen.views)


def test_a_wrong_answer_goes_back_with_what_is_wrong(catalog, blocks, boxes):
    wrong = [{**boxes[0], "view": "behind"}, *boxes[1:3]]
    model, eyes = perceiver(catalog, [{"things": wrong}, {"things": boxes}])
    eyes.perceive(blocks[1].problem, blocks[1].views, 0, blocks[1].joints)
    told = model.asked[1].turns[-1].text
    assert "'block_blue' is missing" in told
    assert "'behind' is no camera" in told


def test_nonsense_is_a_diagnosis_or_left_to_the_geometric_perception(catalog, blocks):
    seen, nonsense = blocks[1], ["the blocks are nice"] * 9
    _, alone = perceiver(catalog, nonsense, alone=True)
    with pytest.raises(Unseen) as error:
        alone.perceive(seen.problem, seen.views, 0, seen.joints)
    assert error.value.diagnosis.cause == "answer_unusable"
    _, helped = perceiver(catalog, nonsense)
    assert set(helped.perceive(seen.problem, seen.views, 0, seen.joints).things) == set(NAMES)
    assert "ModelReplyError" in helped.failed_calls[0]


def test_boxes_of_bare_table_are_said_to_hold_nothing(catalog, blocks, boxes):
    bare = [{**boxes[0], "view": "top", "box": [2, 340, 30, 358]}, *boxes[1:]]
    _, eyes = perceiver(catalog, [{"things": bare}])
    with pytest.raises(Unseen) as error:
        eyes.perceive(blocks[1].problem, blocks[1].views, 0, blocks[1].joints)
    assert error.value.diagnosis.cause == "not_found"
    assert error.value.diagnosis.bodies == ("block_green",)


@pytest.fixture
def passage(robot):
    wall = (np.array([0.45, -0.15, 0.0]), np.array([0.47, 0.15, 0.25]))
    return Passage(
        action=Action(verb="place", thing="block", to="zone", relation="within"),
        start=poses.pose((0.35, 0.0, 0.15), DOWN),
        end=poses.pose((0.60, 0.0, 0.15), DOWN),
        points={"zone centre": np.array([0.6, 0.0, 0.0])},
        obstacles=[wall],
        table=0.0,
        below=0.03,
        around=0.03,
        reach=(np.zeros(3), 0.88),
    )


@pytest.fixture
def direct(passage):
    return Path3D(action=passage.action, waypoints=(waypoint(passage.end, note="over zone"),))


def ask_paths(replies):
    model = scripted(replies)
    return model, ModelPaths(Asker(model), PathSettings(model=MODEL))


def point(x, y, z):
    return {"position": [x, y, z], "note": "over the wall"}


def test_a_written_path_is_text_only_and_keeps_the_orientation(blocks, passage, direct):
    model, paths = ask_paths([{"waypoints": [point(0.46, 0.0, 0.36)]}])
    path = paths.between(blocks[1].problem, passage, direct)
    assert [w.position for w in path.waypoints] == [(0.46, 0.0, 0.36), (0.6, 0.0, 0.15)]
    assert path.author == "scripted"
    assert path.waypoints[0].quat == pytest.approx(tuple(DOWN))
    asked = model.asked[0].turns[0]
    assert not asked.pictures
    assert "zone centre: (0.600, 0.000, 0.000)" in asked.text


def test_a_path_through_the_table_the_wall_or_out_of_reach_goes_back(blocks, passage, direct):
    bad = {"waypoints": [point(0.5, 0.2, 0.01), point(0.46, 0.0, 0.2), point(1.5, 0.0, 0.4)]}
    model, paths = ask_paths([bad, {"waypoints": [point(0.46, 0.0, 0.36)]}])
    assert len(paths.between(blocks[1].problem, passage, direct).waypoints) == 2
    told = model.asked[1].turns[-1].text
    assert "is in the table" in told
    assert "brings what is held into" in told
    assert "further than" in told


def test_a_model_that_keeps_writing_nonsense_leaves_the_path_as_it_was(blocks, passage, direct):
    _, paths = ask_paths([{"waypoints": [point(0.5, 0.0, -1.0)]}] * 9)
    assert paths.between(blocks[1].problem, passage, direct) is direct
    assert paths.failed_calls


def test_through_the_real_client_over_http_boxes_lead_to_a_solved_world(
    messages, monkeypatch, catalog, problem, engine, seen
):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    built = problem("(within block_green zone_red)", "block_green", "zone_red", worlds=1)
    answer = {"things": boxes_of(seen(built, segmentation=True), ("block_green", "zone_red"))}

    def script(turn, body):
        return messages.Answer(json.dumps(answer if turn == 0 else {"things": "none"}))

    with messages.serving(script) as server, Asker(anthropic(Connection(base_url=server.url))) as asker:
        eyes = ModelPerceiver(catalog, asker, EyesSettings(model=MODEL))
        (outcome,) = attempt(engine, built, Path3dSolver(perceiver=lambda: eyes)).outcomes
        pictures = [b for m in server.bodies[0]["messages"] for b in m["content"] if b["type"] == "image"]
    assert len(pictures) == 4
    assert outcome.success, outcome.diagnosis


def test_a_server_that_answers_nonsense_ends_in_a_diagnosis(messages, monkeypatch, catalog, problem, engine):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    built = problem("(within block_green zone_red)", "block_green", "zone_red", worlds=1)
    with (
        messages.serving(lambda turn, body: messages.Answer(json.dumps({"things": "none"}))) as server,
        Asker(anthropic(Connection(base_url=server.url))) as asker,
    ):
        eyes = ModelPerceiver(catalog, asker, EyesSettings(model=MODEL), alone=True)
        (outcome,) = attempt(engine, built, Path3dSolver(perceiver=lambda: eyes)).outcomes
    assert not outcome.success
    assert outcome.diagnosis.cause == "answer_unusable"
    assert len(outcome.actions) == 0
