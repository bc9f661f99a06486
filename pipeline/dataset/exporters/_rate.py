"""Resampling to a lower control rate: what was seen at, commanded by, and earned within each new step.

A new step i spans the time from i/hz to (i+1)/hz. Within a recorded step the target moves linearly from the previous
command to this one, so the command of a new step is the recorded motion's target at the step's end: absolute targets
are read off there (interpolated where no recorded step ends), deltas are composed. What was observed is the recorded
row nearest to the step's beginning, the same one for every array, so that images and numbers of a row belong together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core import poses
from pipeline.core.errors import InvalidInputError

Rows = NDArray[np.int64]
FINEST = 1000  # largest denominator of a rate in Hz
ALIGNED = 0.9995  # cosine of the half angle above which two quaternions are interpolated linearly


@dataclass(frozen=True)
class Rate:
    """A new control rate ``hz`` of a recording at ``recorded``, both in Hz and exact."""

    hz: Fraction
    recorded: Fraction

    @staticmethod
    def of(recorded: float, wanted: float | None) -> Rate:
        """Raises :class:`InvalidInputError` for more than was recorded: frames are not invented."""
        have = Fraction(recorded).limit_denominator(FINEST)
        want = have if wanted is None else Fraction(wanted).limit_denominator(FINEST)
        if not 0 < want <= have:
            raise InvalidInputError(
                f"The rate {wanted} Hz is outside (0, {float(have):g}]: the dataset was recorded at {float(have):g} Hz "
                "and frames in between are not invented. Choose a lower one, or leave it out."
            )
        return Rate(want, have)

    @property
    def native(self) -> bool:
        """Whether nothing changes."""
        return self.hz == self.recorded

    @property
    def stride(self) -> Fraction:
        """Recorded steps in a new one, at least 1."""
        return self.recorded / self.hz

    def steps(self, length: int | Rows) -> Any:
        """New steps that cover ``length`` recorded ones; the last may be covered in part."""
        return -(-length * self.stride.denominator // self.stride.numerator)

    def observed(self, length: int) -> Rows:
        """The recorded row nearest to the beginning of each new step; of two, the earlier."""
        over, under = self.stride.numerator, self.stride.denominator
        index = np.arange(self.steps(length), dtype=np.int64)
        return np.minimum(-((under - 2 * index * over) // (2 * under)), length - 1)

    def commanded(self, length: int) -> tuple[Rows, Rows, NDArray[np.float64]]:
        """The recorded actions around the end of each new step, and the share of the second."""
        over, under = self.stride.numerator, self.stride.denominator
        end = np.minimum(np.arange(1, self.steps(length) + 1, dtype=np.int64) * over, length * under)
        whole = end // under
        return whole - 1, np.minimum(whole, length - 1), (end % under) / under

    def within(self, length: int) -> Rows:
        """The new step in which each recorded step ends."""
        over, under = self.stride.numerator, self.stride.denominator
        return ((np.arange(length, dtype=np.int64) + 1) * under - 1) // over

    def resample(self, name: str, values: NDArray[Any]) -> NDArray[Any]:
        """``values`` (length, ...) of the array ``name`` at the new rate, (steps, ...), of the same type."""
        if self.native:
            return values
        rule = _RULES.get(name)
        return values[self.observed(len(values))] if rule is None else rule(self, values).astype(values.dtype)


def _targets(rate: Rate, values: NDArray[Any]) -> NDArray[np.float64]:
    before, after, share = rate.commanded(len(values))
    weight = share.reshape(-1, *[1] * (values.ndim - 1))
    return values[before] * (1.0 - weight) + values[after] * weight


def _pose_targets(rate: Rate, values: NDArray[Any]) -> NDArray[np.float64]:
    """Poses x y z qw qx qy qz, and what follows them, between two rows: straight lines and the shorter turn."""
    before, after, share = rate.commanded(len(values))
    out = _targets(rate, values)
    between = share > 0
    out[between, 3:7] = _slerp(values[before[between], 3:7], values[after[between], 3:7], share[between, None])
    return out


def _composed(rate: Rate, values: NDArray[Any]) -> NDArray[np.float64]:
    """Translations, rotation vectors (applied from the left) and an absolute width, of all recorded steps in one."""
    path = _path(values.astype(np.float64))
    ends = _pose_targets(rate, path)
    starts = np.concatenate([_origin(path), ends[:-1]])
    turn = poses.quat_multiply(ends[:, 3:7], poses.quat_conjugate(starts[:, 3:7]))
    return np.concatenate([ends[:, :3] - starts[:, :3], poses.quat_to_rotvec(turn), ends[:, 7:]], axis=1)


def _path(deltas: NDArray[np.float64]) -> NDArray[np.float64]:
    """The poses and widths (steps, 8) that deltas (steps, 7) reach from the identity."""
    turns = poses.quat_from_rotvec(deltas[:, 3:6])
    quats, present = np.empty((len(deltas), 4)), np.array(poses.IDENTITY_QUAT, float)
    for k, turn in enumerate(turns):
        quats[k] = present = poses.quat_normalize(poses.quat_multiply(turn, present))
    return np.concatenate([np.cumsum(deltas[:, :3], axis=0), quats, deltas[:, 6:]], axis=1)


def _origin(path: NDArray[np.float64]) -> NDArray[np.float64]:
    start = np.zeros((1, path.shape[1]))
    start[0, 3] = 1.0
    return start


def _slerp(a: NDArray[Any], b: NDArray[Any], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quaternions (..., 4) at ``share`` (..., 1) of the shorter way from ``a`` to ``b``."""
    first, second = a.astype(np.float64), b.astype(np.float64)
    second = second * np.where((first * second).sum(axis=-1, keepdims=True) < 0, -1.0, 1.0)
    cosine = np.clip((first * second).sum(axis=-1, keepdims=True), -1.0, 1.0)
    angle = np.arccos(cosine)
    sine = np.where(cosine > ALIGNED, 1.0, np.sin(angle))
    left = np.where(cosine > ALIGNED, 1.0 - share, np.sin((1.0 - share) * angle) / sine)
    right = np.where(cosine > ALIGNED, share, np.sin(share * angle) / sine)
    out = left * first + right * second
    return out / np.linalg.norm(out, axis=-1, keepdims=True)


def _sum(rate: Rate, values: NDArray[Any]) -> NDArray[Any]:
    return np.bincount(rate.within(len(values)), weights=values, minlength=rate.steps(len(values)))


def _any(rate: Rate, values: NDArray[Any]) -> NDArray[Any]:
    return _sum(rate, values) > 0


def _first(rate: Rate, values: NDArray[Any]) -> NDArray[Any]:
    return np.arange(rate.steps(len(values))) == 0


def _last(rate: Rate, values: NDArray[Any]) -> NDArray[Any]:
    steps = rate.steps(len(values))
    return np.arange(steps) == steps - 1


def _clock(rate: Rate, values: NDArray[Any]) -> NDArray[Any]:
    return np.arange(rate.steps(len(values))) * rate.hz.denominator / rate.hz.numerator


_RULES: dict[str, Callable[[Rate, NDArray[Any]], NDArray[Any]]] = {
    "action": _targets,
    "action_joint_pos": _targets,
    "action_ee_pose": _pose_targets,
    "action_ee_delta": _composed,
    "reward": _sum,
    "is_terminal": _any,
    "is_first": _first,
    "is_last": _last,
    "timestamp": _clock,
}
"""Every other array was observed."""
