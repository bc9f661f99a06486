"""A model answers whether each action worked, from the view that shows it best, beside the geometry."""

from dataclasses import dataclass

import numpy as np
import pytest

from demo_solvers.path3d.checking import Checks
from demo_solvers.path3d.model_verifier import ModelVerifier, VerifierSettings, best_view, shown
from demo_solvers.path3d.plan import Action, SubGoal
from demo_solvers.solvers.path3d import path3d
from pipeline.asking.ask import Asker
from pipeline.core.episode import Diagnosis
from pipeline.core.seeing import View
from pipeline.llm.scripted import scripted
from pipeline.rollout import attempt

pytestmark = pytest.mark.physics

YES, NO = {"yes": True, "why": "it is"}, {"yes": False, "why": "the block hangs askew"}
GRASP = SubGoal(action=Action(verb="grasp", thing="block_green"), question="Is the block_green between the fingers?")


def verifier(replies):
    model = scripted(replies)
    return model, ModelVerifier(Asker(model), VerifierSettings(model="claude-sonnet-5-5"))


@dataclass(frozen=True)
class Checked:
    """The solver with a verifier, and the tools that it grasped with."""

    verifier: ModelVerifier
    sight: object = path3d.sight

    def __call__(self, problem, worlds):
        return path3d(problem, worlds, verifier=self.verifier)


@pytest.fixture(scope="module")
def built(problem):
    return problem("(within block_green zone_red)", "block_green", "zone_red", worlds=1)


def test_no_leads_to_another_candidate_and_never_to_the_same_again(engine, built, monkeypatch):
    from demo_solvers.path3d.worker import Worker

    tried = []
    note = Worker.note_try

    def noted(self, action, pose):
        tried.append((str(action), pose))
        note(self, action, pose)

    monkeypatch.setattr(Worker, "note_try", noted)
    model, checks = verifier([NO, YES, YES])
    (outcome,) = attempt(engine, built, Checked(checks)).outcomes
    assert outcome.success, outcome.diagnosis
    assert outcome.recoveries == 1
    assert [name for name, _ in tried] == ["grasp block_green"] * 2 + ["place block_green within zone_red"]
    assert np.linalg.norm(tried[0][1] - tried[1][1]) > 0.012
    questions = [request.turns[0].text for request in model.asked]
    assert "Is the block_green between the fingers?" in questions[0]
    assert "Is the block_green within the zone_red, and let go?" in questions[2]
    for request in model.asked:
        before, after = request.turns[0].pictures
        assert before.png != after.png


def test_a_placed_thing_that_the_model_objects_to_is_taken_and_placed_otherwise(engine, built):
    model, checks = verifier([YES, NO, YES, YES])
    (outcome,) = attempt(engine, built, Checked(checks)).outcomes
    assert outcome.success, outcome.diagnosis
    assert outcome.recoveries == 1
    assert len(model.asked) == 4


def test_a_model_that_always_objects_ends_in_its_words(engine, built):
    (outcome,) = attempt(engine, built, Checked(verifier([NO] * 9)[1])).outcomes
    assert not outcome.success
    assert outcome.diagnosis.cause == "grasp_slipped"
    assert outcome.diagnosis.seen == "the verifier says no: the block hangs askew"
    assert outcome.recoveries == 3


def test_a_model_that_fails_leaves_the_answer_to_the_geometry(engine, built):
    _, checks = verifier(["it looks nice"] * 9)
    (outcome,) = attempt(engine, built, Checked(checks)).outcomes
    assert outcome.success, outcome.diagnosis
    assert outcome.recoveries == 0
    assert len(checks.failed_calls) == 2


def test_what_was_lifted_and_is_objected_to_is_put_back_and_taken_again(engine, problem):
    built = problem("(and (holding block_green) (raised block_green))", "block_green", worlds=1, family="pick_place")
    model, checks = verifier([YES, NO, YES, YES])
    (outcome,) = attempt(engine, built, Checked(checks)).outcomes
    assert outcome.success, outcome.diagnosis
    assert len(model.asked) == 4


def wall_view(distance):
    """A camera at the origin that looks along x at a wall; 40 x 30 pixels."""
    pose = np.array([[0.0, 0.0, 0.0, 0.5, -0.5, 0.5, -0.5]])
    intrinsics = np.array([[40.0, 0.0, 20.0], [0.0, 40.0, 15.0], [0.0, 0.0, 1.0]])
    depth = np.full((1, 30, 40), distance, np.float32)
    return View(np.zeros((1, 30, 40, 3), np.uint8), depth, intrinsics, pose)


def test_the_best_view_is_the_one_in_which_the_most_is_not_hidden():
    points = np.stack([np.full(100, 1.0), np.linspace(-0.3, 0.3, 100), np.zeros(100)], axis=1)
    hidden, near, far = wall_view(0.5), wall_view(1.0), wall_view(2.0)
    assert shown(points, hidden) == 0
    assert shown(points, near) == shown(points, far) > 20
    assert shown(-points, near) == 0
    assert best_view(points, {"hidden": hidden, "near": near, "far": far}) == "near"


def test_without_a_verifier_nothing_is_rendered_and_the_geometry_decides():
    def views():
        raise AssertionError("nobody asked for pictures")

    checks = Checks(None, views)  # type: ignore[arg-type]
    checks.begin()
    assert checks.agrees(GRASP, np.zeros((0, 3)))
    diagnosis = Diagnosis(cause="grasp_slipped", seen="40% of it", amount=0.4)
    assert checks.told(diagnosis) == diagnosis


def test_every_question_says_from_which_camera_it_is_asked(blocks):
    _, seen = blocks
    model, checks = verifier([NO])
    asked = Checks(seen.problem, lambda: seen.views, checks)
    asked.begin()
    assert not asked.agrees(GRASP, np.array([[0.5, 0.0, 0.02]]))
    assert any(f'camera "{name}"' in model.asked[0].turns[0].text for name in seen.views)
    assert asked.told(Diagnosis(seen="x")).seen == "the verifier says no: the block hangs askew"
