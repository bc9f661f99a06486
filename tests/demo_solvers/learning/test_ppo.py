"""Training: it learns, is stopped and goes on as if it had not been, and is never done twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from demo_solvers.learning.course import Course, Step
from demo_solvers.learning.policy import success
from demo_solvers.learning.ppo import FILE, train
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.learning.training import Budget, Point, PPOSettings, Record
from pipeline.core.errors import InvalidInputError
from pipeline.core.scene import SceneSpec

SMALL = PPOSettings(worlds=4, horizon=8, hidden=(16, 16))
SHORT = Budget(steps=4 * 8 * 6, keep=2)


class _Stop(Exception):
    """The moment at which a training is killed."""


def stop_at(updates: int) -> Callable[[Record], None]:
    def listen(record: Record) -> None:
        if record.updates == updates:
            raise _Stop

    return listen


def test_a_stopped_training_goes_on_as_if_it_had_not_been(course: Callable[..., Course], tmp_path: Path) -> None:
    whole, record = train(course(), tmp_path / "whole", settings=SMALL, budget=SHORT)
    for updates in (1, 3, 6):
        with pytest.raises(_Stop):
            train(course(), tmp_path / "cut", settings=SMALL, budget=SHORT, listener=stop_at(updates))
    again, cut = train(course(), tmp_path / "cut", settings=SMALL, budget=SHORT)
    assert cut == record
    assert [p.steps for p in record.curve] == [32, 64, 96, 128, 160, 192]
    for one, other in zip((*whole.weights, *whole.biases), (*again.weights, *again.biases), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_finished_training_is_not_done_again(course: Callable[..., Course], tmp_path: Path) -> None:
    first, _ = train(course(), tmp_path, settings=SMALL, budget=SHORT)
    updates = list[int]()
    again, record = train(
        course(), tmp_path, settings=SMALL, budget=SHORT, listener=lambda r: updates.append(r.updates)
    )
    assert record.finished
    assert not updates
    np.testing.assert_array_equal(first.weights[0], again.weights[0])


def test_a_checkpoint_of_another_training_is_refused(course: Callable[..., Course], tmp_path: Path) -> None:
    train(course(), tmp_path, settings=SMALL, budget=SHORT)
    for other in ({"reward": "dense"}, {"budget": Budget(steps=5000)}):
        with pytest.raises(InvalidInputError, match="another training"):
            train(course(), tmp_path, **{"settings": SMALL, "budget": SHORT, **other})
    with pytest.raises(InvalidInputError, match="another training"):
        train(course(seed=1), tmp_path, settings=SMALL, budget=SHORT)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"cos\nsystem\n(S'touch sprung'\ntR."])
def test_a_checkpoint_that_is_none_is_refused_and_not_run(
    course: Callable[..., Course], tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"push-{FILE}").write_bytes(content)
    with pytest.raises(InvalidInputError, match="remove it"):
        train(course(), tmp_path, settings=SMALL, budget=SHORT)
    assert not (tmp_path / "sprung").exists()


def test_the_dice_of_others_are_left_alone(course: Callable[..., Course], tmp_path: Path) -> None:
    import torch

    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    train(course(), tmp_path, settings=SMALL, budget=SHORT)
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.physics
def test_it_learns_to_push(course: Callable[..., Course], starts: list[SceneSpec], tmp_path: Path) -> None:
    def nearer(step: Step) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        gaps = [
            np.linalg.norm(s.body("zone_green")[:, :2] - s.body("cookie_box")[:, :2], axis=1)
            for s in (step.before, step.after)
        ]
        gain = (30 * (gaps[0] - gaps[1])).astype(np.float32)
        return gain + 5 * step.reached.astype(np.float32), {"gain": gain}

    practised = course(nearer)
    untrained, _ = train(practised, tmp_path / "none", reward="nearer", budget=Budget(steps=1))
    policy, record = train(practised, tmp_path / "some", reward="nearer", budget=Budget(steps=9600, target=0.95))
    before, after = (success(practised.practice, practised.stage, p, starts).mean() for p in (untrained, policy))
    assert record.curve[-1].terms.keys() == {"gain"}
    assert after >= 0.8, (before, after)
    assert after > before


def test_checkpoints_are_several_of_the_longest_episodes_apart() -> None:
    """What fails lasts longest; were it broken off by every checkpoint, the share of successes would be 1."""
    for decisions in (1, 80, 195, 1000):
        budget = Budget.lasting(1000, decisions=decisions, horizon=24)
        assert budget.keep * 24 >= 4 * decisions
        assert (budget.steps, budget.target) == (1000, Budget().target)


def test_what_reaches_at_once_does_not_end_a_training() -> None:
    """Right after all worlds began anew only successes have ended; failures last longer, and are still to come."""
    budget = Budget(keep=10, judged=200, target=0.95)

    def point(number: int, ended: int, reached: int) -> Point:
        return Point(steps=number, episodes=ended, reached=reached, reward=0.0, spread=0.5)

    half = [point(i, 60, 30) for i in range(10)]
    fresh = [point(10 + i, 120, 120) for i in range(2)]
    record = Record(digest="", stage=LearnedStage(name="a", goal="(at_rest box)", body="box"), curve=(*half, *fresh))
    assert record.recent(200) == (240, 1.0)
    assert not record.is_over(budget)
    assert record.model_copy(update={"curve": tuple(point(i, 60, 59) for i in range(10))}).is_over(budget)
