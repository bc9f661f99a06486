"""Bad input, from the reset to the end: each world's Outcome says what was expected, what was seen, and of what."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from demo_solvers.path3d.hand import waypoint
from demo_solvers.path3d.model_perception import EyesSettings, ModelPerceiver
from demo_solvers.solvers.path3d import path3d
from pipeline.asking.ask import Asker
from pipeline.core import poses
from pipeline.llm.scripted import scripted
from pipeline.rollout import attempt

pytestmark = pytest.mark.physics


class Spoilt:
    """Worlds whose pictures are spoilt in row 0 before the solver gets them."""

    def __init__(self, worlds, spoil):
        self._worlds, self._spoil = worlds, spoil

    def __getattr__(self, name):
        return getattr(self._worlds, name)

    def look(self, rows=None):
        """What every camera sees; row 0 spoilt."""
        views = self._worlds.look(rows)
        return {n: self._spoil(n, v) for n, v in views.items()} if list(rows) == [0] else views


@dataclass(frozen=True)
class Looking:
    """The solver with spoilt pictures."""

    spoil: object
    sight: object = path3d.sight

    def __call__(self, problem, worlds):
        return path3d(problem, Spoilt(worlds, self.spoil))


@pytest.fixture(scope="module")
def built(problem):
    return problem("(within block_green zone_red)", "block_green", "zone_red", worlds=2)


def blind(name, view):
    return replace(view, depth=np.zeros_like(view.depth))


def tilted(name, view):
    if name != "left":
        return view
    off = poses.pose((0, 0, 0), poses.quat_from_axis_angle(np.array([1.0, 0, 0]), 0.08))
    return replace(view, pose=poses.compose(view.pose, off))


def colourless(name, view):
    return replace(view, rgb=np.full_like(view.rgb, 90))


def without_table(name, view):
    """Only what is nearer than 30 cm to the camera is left: nothing that a table could be."""
    return replace(view, depth=np.where(view.depth < 0.3, view.depth, 0).astype(np.float32))


@pytest.mark.parametrize(
    ("spoil", "cause", "expected", "bodies"),
    [
        (blind, "nothing_seen", "points in the workspace", ()),
        (without_table, "nothing_seen", "", ()),
        (tilted, "camera_off", "the table level", ("left",)),
        (colourless, "not_found", "block_green", None),
    ],
)
def test_frames_that_say_nothing_end_in_a_diagnosis_and_the_other_world_goes_on(
    engine, built, spoil, cause, expected, bodies
):
    bad, fine = attempt(engine, built, Looking(spoil)).outcomes
    assert not bad.success
    assert bad.diagnosis.cause == cause
    assert expected in bad.diagnosis.expected
    assert bad.diagnosis.seen
    assert bad.diagnosis.stage == "look"
    assert bodies is None or bad.diagnosis.bodies == bodies
    assert len(bad.actions) == 0
    assert fine.success, fine.diagnosis


def test_a_path_through_the_table_is_not_followed_and_says_what_meets_what(engine, built, monkeypatch):
    """Every path to grasp leads under the table first; no candidate is left, and nothing has moved."""
    from demo_solvers.path3d.acts import grasp as act

    plain = act.grasp_path

    def through(*given, **how):
        path = plain(*given, **how)
        first = path.waypoints[0]
        low = poses.pose((*first.position[:2], -0.06), first.quat)
        return path.model_copy(update={"waypoints": (waypoint(low, note="under the table"), *path.waypoints)})

    monkeypatch.setattr(act, "grasp_path", through)
    outcome = attempt(engine, built.of([0]), path3d).outcomes[0]
    assert not outcome.success
    assert outcome.diagnosis.cause == "path_in_collision"
    assert "table" in outcome.diagnosis.bodies
    assert outcome.diagnosis.stage.endswith("grasp block_green")


def test_a_model_that_answers_nonsense_alone_ends_in_a_diagnosis(engine, built, catalog):
    eyes = ModelPerceiver(catalog, Asker(scripted(["a nice table"] * 9)), EyesSettings(model="m"), alone=True)

    @dataclass(frozen=True)
    class Nonsense:
        sight: object = path3d.sight

        def __call__(self, told, worlds):
            return path3d(told, worlds, perceiver=eyes)

    outcome = attempt(engine, built.of([0]), Nonsense()).outcomes[0]
    assert outcome.diagnosis.cause == "answer_unusable"
    assert outcome.diagnosis.expected == "boxes of what is asked for"
