"""Policies as files: they come back as they were, and what is none is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demo_solvers.learning.policy import LocalPolicy
from pipeline.core.errors import InvalidInputError

RNG = np.random.default_rng(0)
POLICY = LocalPolicy(
    tuple(RNG.normal(size=shape).astype(np.float32) for shape in ((8, 5), (8, 8), (2, 8))),
    tuple(RNG.normal(size=n).astype(np.float32) for n in (8, 8, 2)),
    squashed=True,
)


def test_a_policy_comes_back_and_acts_the_same(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "policy.npz"
    POLICY.save(path)
    seen = RNG.normal(size=(7, 5)).astype(np.float32)
    assert np.array_equal(LocalPolicy.load(path).act(seen), POLICY.act(seen))


def test_what_is_no_policy_is_named(tmp_path: Path) -> None:
    path = tmp_path / "policy.npz"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidInputError, match=r"policy\.npz"):
        LocalPolicy.load(path)
    LocalPolicy((POLICY.weights[0], POLICY.weights[2][:, :3]), (POLICY.biases[0], POLICY.biases[2])).save(path)
    with pytest.raises(InvalidInputError, match="fit each other"):
        LocalPolicy.load(path)
    POLICY.save(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InvalidInputError, match="cannot be read"):
        LocalPolicy.load(path)
