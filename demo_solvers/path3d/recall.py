"""Recall: ways of taking and placing that confirmed attempts have used on things alike come first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from demo_solvers.path3d.clouds import Array
from demo_solvers.path3d.experience import Experiences, Kind, kind_of
from demo_solvers.path3d.perception import Thing
from demo_solvers.path3d.plan import TABLE, Action
from pipeline.core import poses
from pipeline.core.doors import Catalog
from pipeline.core.geometry import Vec3
from pipeline.core.lesson import Lesson, ToolUse
from pipeline.core.seeing import SeeingProblem

OTHER_ASSET, OTHER_WORDS = 0.5, 0.7  # worth of an experience with another thing of the kind, or another instruction
PART, TURN = 0.6, np.deg2rad(40.0)  # of half a side, and rad: differences that count 1
ALIKE = 1.0  # difference up to which a way is the remembered one
LONGER = 1.15  # of the shorter level side, from which the longer one tells a direction
LEAST_HALF = 0.01  # m of half a side
UNSAID = "object"  # category of imports that nobody said anything of

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Recall:
    """What a solver is given of a memory: experiences, and the catalogue that says what is of a kind."""

    experiences: Experiences
    catalog: Catalog

    def uses(self, problem: SeeingProblem, action: Action) -> list[tuple[ToolUse, float]]:
        """Ways that worked for an action on things alike, each with its worth in (0, 1]."""
        assets = {q.name: q.asset for q in problem.queries}
        thing, to = kind_of(action.thing, assets, self.catalog), kind_of(action.to, assets, self.catalog)
        if thing is None:
            return []
        found = list[tuple[ToolUse, float]]()
        for line in self.experiences.lines:
            if (line.robot, line.verb, line.relation) != (problem.robot.name, action.verb, action.relation):
                continue
            worth = _likeness(line.thing, thing) * _likeness(line.to, to)
            if worth:
                same = line.instruction == worded(problem.instruction)
                found.append((line.use, worth * (1.0 if same else OTHER_WORDS)))
        return found


def ordered(ways: Iterable[tuple[T, ToolUse]], remembered: list[tuple[ToolUse, float]]) -> list[T]:
    """``ways`` with those first that are like remembered ones, the likest to the most of them first."""
    listed = list(ways)

    def score(use: ToolUse) -> float:
        gaps = [(difference(use, other), worth) for other, worth in remembered]
        return sum(worth * float(np.exp(-gap)) for gap, worth in gaps if gap < ALIKE)

    return [way for way, _ in sorted(listed, key=lambda pair: -score(pair[1]))]


def lesson_of(action: Action, pose: Array, things: Mapping[str, Thing]) -> Lesson | None:
    """How a tool at (7,) is used for an action; None where it stands to nothing that is seen."""
    at = subject_of(action)
    if at is None or at not in things:
        return None
    use = use_of(things[at].cloud.points, pose)
    return Lesson(verb=action.verb, thing=action.thing, relation=action.relation, to=action.to, at=at, use=use)


def subject_of(action: Action) -> str | None:
    """What the tool's pose is relative to in an action: the thing, or where it goes; None for the bare table."""
    if action.verb != "place":
        return action.thing
    return None if action.to == TABLE else action.to


def use_of(points: Array, tool: Array) -> ToolUse:
    """How a tool at (7,) stands to a thing with points (n, 3) m."""
    middle, yaw, half, square = _frame(points)
    axes = poses.quat_to_matrix(tool[3:])
    back = poses.quat_conjugate(poses.quat_from_yaw(yaw))
    part = poses.quat_rotate(back, tool[:3] - middle) / np.maximum(half, LEAST_HALF)
    return ToolUse(
        part=_vec(part),
        approach=_vec(poses.quat_rotate(back, axes[:, 2])),
        closing=_vec(poses.quat_rotate(back, axes[:, 1])),
        square=square,
    )


def difference(a: ToolUse, b: ToolUse) -> float:
    """How unlike two ways are: 1 is 40 degrees or 0.6 of half a side; turns that a thing's box allows are the same."""
    quarter = a.square and b.square
    turns = np.arange(4 if quarter else 2) * (np.pi / 2 if quarter else np.pi)
    best = np.inf
    for turn in turns:
        part, approach, closing = (_turned(np.array(v), turn) for v in (b.part, b.approach, b.closing))
        lean = np.arccos(np.clip(np.array(a.approach) @ approach, -1, 1))
        twist = np.arccos(np.clip(abs(np.array(a.closing) @ closing), 0, 1))
        gap = float(np.linalg.norm(np.array(a.part) - part)) / PART + float(max(lean, twist)) / TURN
        best = min(best, gap)
    return float(best)


def worded(instruction: str) -> str:
    """An instruction without what does not matter of it."""
    return " ".join(instruction.lower().replace(".", " ").split())


def _likeness(known: Kind | None, now: Kind | None) -> float:
    """Worth of an experience with one kind for another; 0 for things unlike."""
    if known is None or now is None:
        return 1.0 if known is now else 0.0
    if known.link != now.link:
        return 0.0
    if known.asset == now.asset:
        return 1.0
    return OTHER_ASSET if known.category == now.category not in ("", UNSAID) else 0.0


def _frame(points: Array) -> tuple[Array, float, Array, bool]:
    """Middle (3,), yaw and half sides (3,) of the smallest upright box around points, and whether it is square."""
    angles = np.deg2rad(np.arange(0.0, 90.0, 3.0))
    c, s = np.cos(angles)[:, None], np.sin(angles)[:, None]
    along, across = c * points[:, 0] + s * points[:, 1], -s * points[:, 0] + c * points[:, 1]
    best = int(np.argmin(np.ptp(along, axis=1) * np.ptp(across, axis=1)))
    yaw, spans = float(angles[best]), np.array([np.ptp(along[best]), np.ptp(across[best])])
    level = np.array([along[best].min() + along[best].max(), across[best].min() + across[best].max()]) / 2
    height = points[:, 2].min(), points[:, 2].max()
    middle = poses.quat_rotate(poses.quat_from_yaw(yaw), np.array([*level, sum(height) / 2]))
    half = np.array([*spans, height[1] - height[0]]) / 2
    square = bool(spans.max() < LONGER * max(float(spans.min()), 1e-6))
    if spans[1] > spans[0]:
        yaw, half = yaw + np.pi / 2, half[[1, 0, 2]]
    return middle, yaw, half, square


def _turned(vector: Array, turn: float) -> Array:
    return poses.quat_rotate(poses.quat_from_yaw(turn), vector)


def _vec(values: Array) -> Vec3:
    x, y, z = (round(float(v), 4) for v in values)
    return x, y, z
