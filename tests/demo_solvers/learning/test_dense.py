"""Dense rewards in practice: they pay what they say, and forget a world's past when it begins anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from demo_solvers.learning.course import Course
from demo_solvers.learning.dense import DenseReward
from demo_solvers.learning.ppo import train
from demo_solvers.learning.scale import Sample
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.training import Budget, PPOSettings
from demo_solvers.rewards.fault import RewardError
from pipeline.core.scene import SceneSpec
from pipeline.rollout import PracticeWorlds

GAIN = "bring: 10 * change(-planar_distance(cookie_box, zone_green) / 1 m)"
REMEMBERS = "\n".join([GAIN, "smooth: -1 * action_change()", "late: elapsed()"])
Make = Callable[[str], DenseReward]


@pytest.fixture
def dense(worlds: PracticeWorlds, stage: LearnedStage, starts: list[SceneSpec]) -> Make:
    return lambda text: DenseReward(text, stage, worlds.state().layout, starts[0].robot)


def gap(course: Course) -> np.ndarray:
    box, zone = (course.state.body(name)[:, :2] for name in ("cookie_box", "zone_green"))
    return np.linalg.norm(zone - box, axis=1)


def test_the_change_of_a_potential_is_paid_world_by_world(course: Callable[..., Course], dense: Make) -> None:
    practised = course(dense(GAIN))
    for _ in range(4):
        before = gap(practised)
        taken = practised.step(np.full((4, 2), 0.7))
        assert not taken.ended.any()
        np.testing.assert_allclose(taken.reward, 10 * (before - gap(practised)), atol=1e-4)
    assert np.abs(taken.reward).max() > 0.01


def test_a_world_that_begins_anew_is_not_paid_for_where_it_begins(course: Callable[..., Course], dense: Make) -> None:
    practised, begun = course(dense(GAIN)), 0
    for _ in range(40):
        before = gap(practised)
        way = practised.state.body("zone_green")[:, :2] - practised.state.body("cookie_box")[:, :2]
        taken = practised.step(way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6))
        kept = ~taken.ended
        np.testing.assert_allclose(taken.reward[kept], 10 * (before - gap(practised))[kept], atol=1e-4)
        begun += int(taken.ended.sum())
    assert begun >= 4


def test_actions_and_time_are_counted_from_the_start(
    course: Callable[..., Course], dense: Make, stage: LearnedStage
) -> None:
    practised = course(dense(REMEMBERS))
    for number in range(1, stage.decisions + 1):
        taken = practised.step(np.full((4, 2), -0.1))
        np.testing.assert_allclose(taken.terms["elapsed()"], number / stage.decisions, rtol=1e-6)
        np.testing.assert_allclose(taken.terms["action_change()"], 0.01 if number == 1 else 0.0, atol=1e-7)
    assert taken.late.all()
    taken = practised.step(np.full((4, 2), -0.1))
    np.testing.assert_allclose(taken.terms["elapsed()"], 1 / stage.decisions, rtol=1e-6)
    np.testing.assert_allclose(taken.terms["action_change()"], 0.01, rtol=1e-5)


def test_a_course_that_begins_again_pays_the_same(
    worlds: PracticeWorlds, stage: LearnedStage, starts: list[SceneSpec], dense: Make
) -> None:
    paid = []
    for idle in (0, 7):
        practised = Course(worlds, stage, starts, dense(REMEMBERS), seed=0)
        for _ in range(idle):
            practised.step(np.full((4, 2), 0.4))
        practised.begin(3)
        paid.append([practised.step(np.full((4, 2), 0.3)).reward for _ in range(35)])
    np.testing.assert_array_equal(*paid)


def test_every_line_and_term_is_in_the_curve(course: Callable[..., Course], dense: Make, tmp_path: Path) -> None:
    settings, budget = PPOSettings(worlds=4, horizon=8, hidden=(16, 16)), Budget(steps=64, keep=1)
    reward = dense(REMEMBERS)
    _, record = train(course(reward), tmp_path, reward=reward.text, settings=settings, budget=budget)
    names = {"bring", "smooth", "late", "planar_distance(cookie_box, zone_green)", "action_change()", "elapsed()"}
    for point in record.curve:
        assert point.terms.keys() == names
        lines = sum(point.terms[name] for name in ("bring", "smooth", "late"))
        np.testing.assert_allclose(point.reward, lines, atol=1e-5)
        np.testing.assert_allclose(point.terms["late"], point.terms["elapsed()"])


def test_a_text_that_does_not_fit_is_refused(dense: Make) -> None:
    with pytest.raises(RewardError, match="cookie_box"):
        dense("bring: -distance(tool, cookie_bix) / 1 m")


def test_rewards_that_differ_in_size_alone_are_practised_alike(
    worlds: PracticeWorlds, stage: LearnedStage, starts: list[SceneSpec], dense: Make, course: Callable[..., Course]
) -> None:
    sample = Sample(worlds, stage, starts, PPOSettings(), seed=0)
    paid = []
    for factor in ("0.001", "1", "20"):
        text = f"bring: {factor} * change(-planar_distance(cookie_box, zone_green) / 1 cm)"
        scale = sample.scale(dense(text))
        assert sample.scale(dense(text)) == scale, "it is read off the same sample again"
        practised = course(DenseReward(text, stage, worlds.state().layout, starts[0].robot, scale=scale))
        taken = [practised.step(np.full((4, 2), 0.7)) for _ in range(6)]
        paid.append([t.reward for t in taken])
        np.testing.assert_allclose([t.reward * scale for t in taken], [t.terms["bring"] for t in taken], rtol=1e-3)
    np.testing.assert_allclose(paid[0], paid[1], rtol=2e-3, atol=1e-6)
    np.testing.assert_allclose(paid[2], paid[1], rtol=2e-3, atol=1e-6)
    assert 0.001 < np.abs(paid[1]).max() < 10


def test_a_scale_counts_what_is_ahead_in_the_same_episode(
    worlds: PracticeWorlds, stage: LearnedStage, starts: list[SceneSpec], dense: Make
) -> None:
    short = stage.model_copy(update={"decisions": 3})
    sample = Sample(worlds, short, starts, PPOSettings(discount=0.5), seed=0)
    assert sample.steps == 3 * 4
    assert sample.scale(dense("pay: 2")) == pytest.approx(2 * np.sqrt((1.75**2 + 1.5**2 + 1) / 3), rel=1e-3)
    assert sample.scale(dense("pay: 0 * elapsed()")) == 1.0
