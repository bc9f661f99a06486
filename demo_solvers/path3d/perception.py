"""The perception door: from frames, calibration and queries to objects with named points, and what is in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from demo_solvers.path3d.articulation import Fit
from demo_solvers.path3d.clouds import Array, Cloud, cropped, seen_by, thinned, without_outliers
from demo_solvers.path3d.matching import extents
from demo_solvers.path3d.robot_shape import RobotShape
from demo_solvers.path3d.support import SHIFT, TILT, Support, disagreement, find_support
from pipeline.core.episode import Diagnosis
from pipeline.core.errors import TaskloomError
from pipeline.core.seeing import SeeingProblem, View

REACHED = 1.05  # of the robot's reach: how far away things are looked at
BEHIND, ASIDE, BELOW, OVER = 0.12, 0.65, 0.10, 0.65  # m about the robot's foot, for a Panda
STANDING = 0.006  # m over the table, above which points belong to things
EVERY = 11  # how many of a camera's points are passed over when its view of the table is checked
HOLE = 0.12  # of its sides, off a thing's middle: where a ring has no points
NAMED = 3  # points a thing is named by, at least


class Unseen(TaskloomError):
    """What was looked for cannot be told from the frames; carries the reason as a diagnosis, and what was seen."""

    def __init__(self, diagnosis: Diagnosis, partly: Sighting | None = None) -> None:
        self.diagnosis, self.partly = diagnosis, partly
        super().__init__(f"expected {diagnosis.expected}; seen {diagnosis.seen}")


@dataclass(frozen=True, eq=False)
class Thing:
    """A queried thing as it is seen: its points, and at least three of them by name."""

    name: str
    cloud: Cloud
    points: Mapping[str, Array]  # (3,)  m, world frame
    flat: bool = False  # painted on the support
    touching: Cloud = field(default_factory=lambda: Cloud.joined([]))
    """What stands in one cluster with it and is something else."""

    @property
    def centre(self) -> Array:
        """Middle (3,) m of the box around it."""
        return self.points["centre"]

    @property
    def top(self) -> float:
        """Height of its highest points [m]."""
        return float(self.points["top"][2])

    @property
    def base(self) -> float:
        """Height of its lowest seen points [m]."""
        return float(self.points["base"][2])

    @property
    def sizes(self) -> Array:
        """Longer and shorter horizontal side and height (3,) m."""
        return extents(self.cloud.points)


@dataclass(frozen=True, eq=False)
class Sighting:
    """One world as it is seen at one moment."""

    support: Support
    things: Mapping[str, Thing]
    standing: Cloud  # all that stands on the support, things included, the robot left out
    hand: Cloud  # what is near the fingers and not the robot's, support and things below included
    costs: Mapping[str, float] = field(default_factory=dict)
    fits: Mapping[str, Fit] = field(default_factory=dict)
    """How moving links stand, by name, where the catalogue's drawing of a joint was fitted."""


class Perceiver(Protocol):
    """Finds the queried things of a problem in one world's frames."""

    name: str

    def perceive(self, problem: SeeingProblem, views: Mapping[str, View], row: int, joints: Array) -> Sighting:
        """What is seen of world ``row``, which is the only one of ``views``; raises :class:`Unseen`.

        ``joints`` (dof,) are the measured ones.
        """
        ...

    def cloud(self, problem: SeeingProblem, views: Mapping[str, View], row: int, joints: Array) -> Cloud:
        """All points of world ``row`` but the robot's; raises :class:`Unseen`."""
        ...


def wanted(problem: SeeingProblem, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Names that have to be found: the queries, and the links of them that the formula speaks of."""
    links = [a for a in arguments if "/" in a]
    return (*(q.name for q in problem.queries), *dict.fromkeys(links))


def observed(
    problem: SeeingProblem, views: Mapping[str, View], row: int, joints: Array, shape: RobotShape
) -> tuple[Cloud, Support]:
    """The world's cloud without the robot, and its support; raises :class:`Unseen` for frames that say nothing."""
    base = np.array(problem.base[row])
    size = problem.robot.reach / 0.80
    low = base[:3] + np.array([BEHIND, -ASIDE, -BELOW]) * size
    high = base[:3] + np.array([REACHED * problem.robot.reach + 0.20 * size, ASIDE * size, OVER * size])
    clouds = {name: cropped(seen_by(view, 0), low, high) for name, view in views.items()}
    _check_calibration(clouds, float(base[2]))
    cloud = thinned(Cloud.joined(list(clouds.values())))
    if not len(cloud):
        raise Unseen(
            Diagnosis(cause="nothing_seen", expected="points in the workspace", seen="no camera has any depth there")
        )
    cloud = cloud.of(~shape.covers(cloud.points, joints, base))
    support = find_support(cloud, float(base[2]))
    if support is None:
        raise Unseen(
            Diagnosis(
                cause="nothing_seen", expected="a table near the robot's foot", seen=f"{len(cloud)} points, no plane"
            )
        )
    return cloud, support


def standing(cloud: Cloud, support: Support) -> Cloud:
    """What stands on the support, without outliers."""
    return without_outliers(cloud.of(support.above(cloud, STANDING)))


def named_points(cloud: Cloud) -> dict[str, Array]:
    """Centre, top, base and the ends of a thing's longest side, (3,) m each."""
    points = cloud.points
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    highest, lowest = points[points[:, 2] > high[2] - 0.006], points[points[:, 2] < low[2] + 0.006]
    axis = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][0] if len(points) > 2 else np.eye(3)[0]
    along = (points - points.mean(axis=0)) @ axis
    ends = [points[np.argsort(along)[:8]].mean(axis=0), points[np.argsort(-along)[:8]].mean(axis=0)]
    ends.sort(key=lambda p: tuple(p))
    return {
        "centre": middle,
        "top": np.array([*((highest.min(axis=0) + highest.max(axis=0)) / 2)[:2], high[2]]),
        "base": np.array([*((lowest.min(axis=0) + lowest.max(axis=0)) / 2)[:2], low[2]]),
        "near end": ends[0],
        "far end": ends[1],
    }


def hollow(thing: Thing) -> bool:
    """Whether a thing has a rim to take it by: nothing at all in its middle, or hardly any of its top closed."""
    points = thing.cloud.points
    size = np.ptp(points[:, :2], axis=0)
    off = np.abs(points[:, :2] - (points[:, :2].min(axis=0) + points[:, :2].max(axis=0)) / 2)
    if not (off < HOLE * size).all(axis=1).any():
        return True
    inner = (off < 0.3 * size).all(axis=1)
    return bool(points[inner, 2].max() < thing.top - 0.3 * (thing.top - thing.base))


def not_found(missing: list[str], seen: str, *, partly: Sighting | None = None) -> Unseen:
    """The diagnosis of things that are not there, and what is."""
    names, bodies = ", ".join(sorted(missing)), tuple(sorted(missing))
    return Unseen(Diagnosis(cause="not_found", expected=f"{names} in view", seen=seen, bodies=bodies), partly)


def _check_calibration(clouds: Mapping[str, Cloud], foot: float) -> None:
    """Raise :class:`Unseen` for a camera that sees the table tilted or away from where the robot stands on it."""
    for name, cloud in clouds.items():
        seen = disagreement(cloud.of(np.arange(0, len(cloud), EVERY)), foot)
        if seen is not None and (seen[0] > TILT or abs(seen[1]) > SHIFT):
            off = f"{np.rad2deg(seen[0]):.1f} degrees tilted, {seen[1] * 1000:.0f} mm off"
            raise Unseen(
                Diagnosis(
                    cause="camera_off",
                    expected=f"the table level and at the robot's foot, within {SHIFT * 1000:.0f} mm",
                    seen=f"camera {name!r} sees it {off}",
                    amount=float(seen[1]),
                    bodies=(name,),
                )
            )
