"""``(lying a)``: on one of the sides that the card says it can rest on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.geometry import StablePose
from pipeline.core.goal import Atom
from pipeline.core.poses import quat_from_axis_angle, quat_rotate
from scene_gen.arrangement import Arrangement
from scene_gen.choice import Choice, Quat

TILT = float(np.cos(np.deg2rad(65.0)))  # 5 degrees clear of where the predicate ends
SIDES = ((1.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0))


def lying(choice: Choice, atom: Atom, arrangement: Arrangement, stream: np.random.Generator) -> Choice:
    """A stable pose on its side, as often as it would come about; a quarter turn where the card knows none."""
    poses = on_its_side(choice.asset)
    if not poses:
        w, x, y, z = quat_from_axis_angle(SIDES[stream.integers(len(SIDES))], np.pi / 2).tolist()
        return replace(choice, turn=(w, x, y, z), rest=None)
    chosen = poses[_draw(poses, stream)]
    return replace(choice, turn=chosen.quat, rest=chosen.height)


def on_its_side(asset: AssetSpec) -> list[StablePose]:
    """The stable poses that count as lying, most probable first; empty when the card knows none."""
    return [p for p in asset.stable_poses if abs(_up(p.quat)) <= TILT]


def _draw(poses: list[StablePose], stream: np.random.Generator) -> int:
    weights = np.array([p.probability for p in poses]) + 1e-9
    return int(stream.choice(len(poses), p=weights / weights.sum()))


def _up(quat: Quat) -> float:
    return float(quat_rotate(quat, (0.0, 0.0, 1.0))[2])
