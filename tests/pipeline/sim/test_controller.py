from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from pipeline.core.errors import InvalidInputError
from pipeline.sim._controller import check_actions, check_rows, check_scenes, clamp, substep_targets


def test_targets_run_straight_from_the_previous_action_and_end_on_the_next() -> None:
    previous = np.array([[0.0, 1.0]])
    targets = substep_targets(previous, np.array([[[1.0, 0.0]], [[2.0, 0.0]]]), substeps=4)
    assert targets.shape == (2, 4, 1, 2)
    np.testing.assert_allclose(targets[0, :, 0], [[0.25, 0.75], [0.5, 0.5], [0.75, 0.25], [1.0, 0.0]])
    np.testing.assert_allclose(targets[1, :, 0, 0], [1.25, 1.5, 1.75, 2.0])


def test_the_last_substep_is_the_action_bit_for_bit() -> None:
    actions = np.random.default_rng(0).normal(size=(6, 3, 8)).astype(np.float32)
    targets = substep_targets(np.full((3, 8), 0.1), actions, substeps=5)
    np.testing.assert_array_equal(targets[:, -1], actions.astype(float))


def test_targets_do_not_depend_on_how_actions_are_cut_or_batched() -> None:
    start, actions = np.full((3, 8), 0.1), np.random.default_rng(1).normal(size=(7, 3, 8))
    whole = substep_targets(start, actions, substeps=5)
    parts = [substep_targets(start, actions[:2], substeps=5), substep_targets(actions[1], actions[2:], substeps=5)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    np.testing.assert_array_equal(whole[:, :, 1:2], substep_targets(start[1:2], actions[:, 1:2], substeps=5))


def test_commands_are_held_within_joints_and_stroke(toys: ModuleType) -> None:
    held = clamp(toys.robot(), [[9.0] * 8, [-9.0] * 8])
    assert held[0, 0] == 2.9
    assert held[1, 1] == -1.76
    assert held[0, 7] == 0.08
    assert held[1, 7] == 0.0


def test_bad_actions_are_named() -> None:
    with pytest.raises(InvalidInputError, match=r"\(time >= 1, 2, 8\), got \(3, 2, 7\)"):
        check_actions(np.zeros((3, 2, 7)), batch=2, dof=8)
    with pytest.raises(InvalidInputError, match="time >= 1"):
        check_actions(np.zeros((0, 2, 8)), batch=2, dof=8)
    broken = np.zeros((3, 2, 8))
    broken[2, 1, 5] = np.nan
    with pytest.raises(InvalidInputError, match="2 1 5"):
        check_actions(broken, batch=2, dof=8)


def test_rows_default_to_all_and_must_exist() -> None:
    assert check_rows(None, batch=3) == [0, 1, 2]
    assert check_rows([2, 0], batch=3) == [2, 0]
    with pytest.raises(InvalidInputError, match="rows 0 to 2"):
        check_rows([3], batch=3)


def test_scenes_that_cannot_share_a_batch_are_named(toys: ModuleType) -> None:
    with pytest.raises(InvalidInputError, match=r"rows \[1\]"):
        check_scenes([toys.scene(), toys.scene(floor_height=-0.5)])
    with pytest.raises(InvalidInputError, match="8 values"):
        check_scenes([toys.scene(robot_start=toys.HOME)])
