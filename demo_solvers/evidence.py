"""Evidence: what the states of one failed attempt show of one stage, in numbers, whatever the skill has noticed."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from pipeline.core import poses
from pipeline.core.geometry import Frozen, Vec3
from pipeline.core.layout import FLOOR, LEFT_FINGER, RIGHT_FINGER, ROBOT
from pipeline.core.program import Stage
from pipeline.core.world import WorldState
from pipeline.predicates._gripper import pinched

HANDS = (ROBOT, LEFT_FINGER, RIGHT_FINGER)
SLIPPED, FELL = 0.02, 0.03  # m: along the hand, and downwards, that tell a slip from a release
SHOVED = 0.015  # m by which a body that nobody meant to move has moved


class Evidence(Frozen):
    """Measured on the stage that failed; None is what does not apply or was not seen."""

    displaced: float | None = Field(default=None, description="m that the body was moved before it was grasped")
    slipped_at: float | None = Field(default=None, description="s since the reset when it left the hand")
    offset: Vec3 | None = Field(default=None, description="m from the place to the body, in the anchor's frame")
    tilt: float | None = Field(default=None, description="degrees by which the body was tilted during the stage")
    joint: float | None = Field(default=None, description="share of its travel at which the joint was left")
    touched: tuple[tuple[str, str], ...] = Field(default=(), description="pairs that began to touch and should not")
    shoved: dict[str, float] = Field(default_factory=dict, description="m that other bodies were moved")

    def in_words(self) -> list[str]:
        """One sentence a fact."""
        words: list[str] = []
        if self.displaced is not None:
            words.append(f"the body was moved by {_cm(self.displaced)} before the fingers held it")
        if self.slipped_at is not None:
            words.append(f"it left the hand at {self.slipped_at:.1f} s")
        if self.offset is not None:
            x, y, z = map(_cm, self.offset)
            words.append(f"it ended x {x}, y {y}, z {z} from the middle of its place, in the place's frame")
        if self.tilt is not None and self.tilt > 10:
            words.append(f"it was tilted by {self.tilt:.0f} degrees")
        if self.joint is not None:
            words.append(f"the joint was left at {self.joint:.0%} of its travel")
        words += [f"{a} touched {b}" for a, b in self.touched]
        words += [f"{body} was shoved by {_cm(by)}" for body, by in self.shoved.items()]
        return words


def evidence_of(stage: Stage, kind: str, states: WorldState, *, rate: float, start: float) -> Evidence:
    """What ``states`` (time), from the stage's beginning at ``start`` s to its end, show."""
    layout = states.layout
    if stage.body not in layout.bodies or len(states) < 2:
        return Evidence()
    joint = _joint_share(stage.body, states)
    slipped = _slipped(stage.body, states) if kind == "release" else None
    tilts = poses.quat_rotate(states.body(stage.body)[[0, -1], 3:], np.array([0.0, 0.0, 1.0]))
    return Evidence(
        displaced=_displaced(stage.body, states) if kind == "grasp" else None,
        slipped_at=None if slipped is None else round(start + slipped / rate, 2),
        offset=_offset(stage, states.rows(slice(-1, None))) if joint is None else None,
        tilt=round(float(np.rad2deg(np.arccos(np.clip(tilts[0] @ tilts[1], -1, 1)))), 1),
        joint=joint,
        touched=_touched(stage, states),
        shoved=_shoved(stage, states),
    )


def _displaced(body: str, states: WorldState) -> float | None:
    held = pinched(states, body)
    until = int(np.argmax(held)) if held.any() else len(states) - 1
    moved = float(np.linalg.norm(states.body(body)[until, :3] - states.body(body)[0, :3]))
    return round(moved, 4) if moved > SHOVED else None


def _slipped(body: str, states: WorldState) -> int | None:
    """Step at which what was held moved along the hand and then fell; None for a release."""
    if not pinched(states, body)[0]:
        return None
    held = poses.compose(poses.inverse(states.tcp), states.body(body))[:, :3]
    off = np.linalg.norm(held - held[0], axis=1) > SLIPPED
    if not off.any():
        return None
    step = int(np.argmax(off))
    height = states.body(body)[:, 2]
    return step if height[step] - height[-1] > FELL else None


def _offset(stage: Stage, last: WorldState) -> Vec3 | None:
    if not stage.relations or stage.relations[0].anchor not in last.layout.geometry:
        return None
    anchor = last.layout.geometry[stage.relations[0].anchor]
    area = anchor.support or anchor.cavity or anchor.bounds
    place = poses.compose(last.body(stage.relations[0].anchor).astype(float), area.pose)
    body = poses.compose(last.body(stage.body).astype(float), last.layout.geometry[stage.body].bounds.pose)
    x, y, z = np.round(poses.compose(poses.inverse(place), body)[0, :3], 4)
    return float(x), float(y), float(z)


def _joint_share(body: str, states: WorldState) -> float | None:
    layout, (base, _, link) = states.layout, body.partition("/")
    for name, spec in layout.joint_specs.items():
        if link and name.split("/")[0] == base and spec.link == link:
            share = (states.joint_position(name)[-1] - spec.lower) / (spec.upper - spec.lower)
            return round(float(share if spec.opens == "upper" else 1 - share), 3)
    return None


def _touched(stage: Stage, states: WorldState) -> tuple[tuple[str, str], ...]:
    """Pairs of the robot or the stage's body with what the stage has no business with."""
    layout = states.layout
    meant = {stage.body, *(r.anchor for r in stage.relations), *HANDS}
    began = states.contact.any(axis=0) & ~states.contact[0]
    pairs = [(a, b) for a in (*HANDS, stage.body) for b in layout.bodies if began[layout.body(a), layout.body(b)]]
    ground = (FLOOR, "table")
    return tuple((a, b) for a, b in pairs if b not in meant and not (a == stage.body and b in ground))


def _shoved(stage: Stage, states: WorldState) -> dict[str, float]:
    layout, own = states.layout, {stage.body, stage.body.split("/")[0]}
    others = [b for b in layout.bodies if b not in (*HANDS, *own) and b not in layout.fixed]
    moved = {b: float(np.linalg.norm(states.body(b)[-1, :3] - states.body(b)[0, :3])) for b in others}
    return {b: round(by, 4) for b, by in moved.items() if by > SHOVED}


def _cm(metres: float) -> str:
    return f"{100 * metres:.1f} cm"
