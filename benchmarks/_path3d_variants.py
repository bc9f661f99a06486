"""What ``benchmarks.path3d`` takes away from the image-based solver, and what noise it adds to its cameras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from demo_solvers.path3d.clouds import Array, Cloud
from demo_solvers.path3d.hand import Hand, Steps, Surroundings
from demo_solvers.path3d.perception import Perceiver, Sighting, Thing
from demo_solvers.path3d.plan import Path3D, SubGoal, Waypoint
from demo_solvers.path3d.rig import rig
from demo_solvers.path3d.worker import Eyes, Worker
from demo_solvers.solvers.path3d import Path3dSolver, geometric
from flows.stages import find_solver
from pipeline.core import poses
from pipeline.core.seeing import SeeingProblem, SeeingSolver, View
from pipeline.sensor_noise import Noisy, SensorNoise

ABOUT = 0.03  # m about a point that is all that is known of a thing
ON_RAY = 0.006  # m off a pixel's line of sight, up to which a point of the cloud lies on it
CAMERA = "front"  # in whose image 2D paths are


class OnePoint:
    """A perceiver whose things are one point each: what is near it is taken for the thing."""

    def __init__(self) -> None:
        self._whole = geometric()
        self.name = f"{self._whole.name}, one point"

    def perceive(self, problem: SeeingProblem, views: Mapping[str, View], row: int, joints: Array) -> Sighting:
        """What is seen of world ``row``; raises Unseen."""
        seen = self._whole.perceive(problem, views, row, joints)
        return replace(seen, things={name: _pointed(thing, seen) for name, thing in seen.things.items()})

    def cloud(self, problem: SeeingProblem, views: Mapping[str, View], row: int, joints: Array) -> Cloud:
        """All points of world ``row`` but the robot's."""
        return self._whole.cloud(problem, views, row, joints)


def _pointed(thing: Thing, seen: Sighting) -> Thing:
    cloud = thing.cloud if thing.flat else seen.standing
    off = np.linalg.norm(thing.cloud.points - thing.centre, axis=1)
    point = thing.cloud.points[int(np.argmin(off))]
    near = cloud.of(np.linalg.norm(cloud.points - point, axis=1) < ABOUT)
    return Thing(thing.name, near, dict.fromkeys(thing.points, point), flat=thing.flat)


class Flat(Worker):
    """Waypoints are pixels of one image: they lie where the camera sees a surface, at no height of their own."""

    def follow(self, path: Path3D, around: Surroundings, *, ignore: tuple[str, ...] = ()) -> Steps:
        """Follow what is left of a path in the image."""
        cloud = self.without_carried(self.look_at_all().points)
        camera = next(c for c in rig(self.problem.robot) if c.name == CAMERA)
        eye = np.array(camera.pose[:3])
        flat = tuple(self._on_surface(w, cloud, eye) for w in path.waypoints)
        yield from super().follow(path.model_copy(update={"waypoints": flat}), around, ignore=ignore)

    def _on_surface(self, waypoint: Waypoint, cloud: Array, eye: Array) -> Waypoint:
        """A waypoint whose fingertips are where the line of sight through them meets the cloud, if it does."""
        approach = poses.quat_to_matrix(np.array(waypoint.quat))[:, 2]
        reach = self.problem.robot.gripper.finger_depth * approach
        ray = np.array(waypoint.position) + reach - eye
        ray /= np.linalg.norm(ray)
        along = (cloud - eye) @ ray
        on = np.linalg.norm(cloud - eye - along[:, None] * ray, axis=1) < ON_RAY
        if not on.any():
            return waypoint
        x, y, z = (float(v) for v in eye + along[on].min() * ray - reach)
        return waypoint.model_copy(update={"position": (x, y, z)})


class Careless(Worker):
    """Nothing but the table is in the way of anything."""

    def look(self) -> Sighting:
        """What is seen now, without what the hand would mind."""
        return replace(super().look(), hand=Cloud.joined([]))

    def surroundings(self, sighting: Sighting, *, but: Thing | None = None) -> Surroundings:
        """The table, and what is held."""
        return Surroundings(sighting.support.height, {}, super().surroundings(sighting, but=but).held)


class Trusting(Worker):
    """Takes every action for done, and tries nothing again."""

    retries = 0

    def answer(self, sub_goal: SubGoal, *, yes: bool) -> bool:
        """Yes."""
        return super().answer(sub_goal, yes=True)


@dataclass(frozen=True)
class With(Path3dSolver):
    """The solver with another kind of worker."""

    kind: type[Worker] = Worker

    def worker(self, problem: SeeingProblem, hand: Hand, eyes: Eyes) -> Worker:
        """The worker of one world."""
        return self.kind(problem, hand, eyes, paths=self.paths)


def _one_point() -> Perceiver:
    return OnePoint()


ABLATIONS: dict[str, SeeingSolver] = {
    "one point a thing": Path3dSolver(perceiver=_one_point),
    "2D path": With(kind=Flat),
    "no obstacles": With(kind=Careless),
    "no verifier": With(kind=Trusting),
}
NOISE: dict[str, SensorNoise] = {
    "depth noise x 0.5": SensorNoise(depth=0.5),
    "depth noise x 1": SensorNoise(depth=1.0),
    "depth noise x 2": SensorNoise(depth=2.0),
    "dropout 30%": SensorNoise(dropout=0.3),
    "one camera 2 cm off": SensorNoise(offset=0.02, only=(CAMERA,)),
    "all cameras 1 cm off": SensorNoise(offset=0.01),
    "all cameras 2 cm off": SensorNoise(offset=0.02),
}


def solver_of(name: str, variant: str = "") -> SeeingSolver:
    """The solver called ``name``, or a variant of it; '' is the solver as it is."""
    found: SeeingSolver = find_solver(name)  # type: ignore[assignment]
    if variant in ABLATIONS:
        return ABLATIONS[variant]
    return Noisy(found, NOISE[variant]) if variant else found
