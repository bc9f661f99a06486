"""The hand of one world, driven from proprioception: it follows 3D paths with the planners that ViPR uses."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass

import numpy as np

from demo_solvers.path3d.belief import collision_model, held_of
from demo_solvers.path3d.clouds import Array
from demo_solvers.path3d.plan import Action, Path3D, Waypoint
from demo_solvers.planning.arm import Arm
from demo_solvers.planning.collision import CollisionModel, Held
from demo_solvers.planning.timing import PEAK_VELOCITY, time_path
from demo_solvers.planning.transit import blame, plan_transit
from pipeline.core import poses
from pipeline.core.episode import Cause, Diagnosis
from pipeline.core.errors import TaskloomError
from pipeline.core.seeing import SeeingProblem
from pipeline.core.world import Bools

STRIDE = 0.010  # m between the poses of a straight line
SPEED, HELD_SPEED = 0.20, 0.12  # m/s, peak, of straight lines with an empty and with a full hand
EFFORT, HELD_EFFORT = 0.65, 0.50  # of the robot's limits, on free ways
GRIP_SECONDS = 0.5
AWAY = 0.09  # m that the hand steps back

Steps = Generator[tuple[str, Array], Array, None]
"""Yields (stage, actions (time, dof)) and is sent the measured joints (time, dof)."""


class Stopped(TaskloomError):
    """An action cannot be carried on; carries the reason as a diagnosis."""

    def __init__(
        self, cause: Cause, expected: str, seen: str, *, bodies: tuple[str, ...] = (), amount: float | None = None
    ) -> None:
        self.diagnosis = Diagnosis(cause=cause, expected=expected, seen=seen, bodies=bodies, amount=amount)
        super().__init__(f"{cause}: expected {expected}; seen {seen}")


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What the hand may not run into: named points, the height of the table, and what it carries."""

    height: float  # m
    seen: Mapping[str, Array]  # (n, 3) m each
    held: Array | None = None  # (k, 3) m, in the tool's frame


class Hand:
    """One robot: commanded and measured joints, and generators that move it."""

    def __init__(self, problem: SeeingProblem, row: int, *, measured: Array, commanded: Array) -> None:
        self.problem, self.row = problem, row
        self.robot, self.arm = problem.robot, Arm(problem.robot)
        self.base = np.array(problem.base[row])
        self.command, self.measured = commanded.astype(float), measured.astype(float)
        self.stage_names: list[str] = []
        self.alive: Bools = np.ones(1, bool)
        self._models: dict[int, CollisionModel] = {}

    @property
    def q(self) -> Array:
        """Commanded joints (1, n) rad."""
        return self.command[None, self.arm.columns]

    @property
    def width(self) -> float:
        """Measured opening of the gripper [m]."""
        return float(self.measured[self.arm.columns.stop])

    @property
    def tool(self) -> Array:
        """Where the tool is (7,), from the measured joints."""
        return poses.compose(self.base, self.arm.tool_pose(self.measured[self.arm.columns]))

    def at(self, stage: str) -> None:
        """Name what the next steps are for."""
        self.stage_names.append(stage)

    def follow(self, path: Path3D, around: Surroundings, *, ignore: Collection[str] = ()) -> Steps:
        """Follow a path; raises :class:`Stopped` where no motion leads to a waypoint.

        ``ignore`` names what straight lines may touch.
        """
        full = around.held is not None
        for waypoint in path.waypoints:
            joints = self.way_to(waypoint, self.q[0], around, ignore=ignore)
            length = float(np.linalg.norm(np.array(waypoint.position) - self.tool_at(self.q[0])[:3]))
            if waypoint.motion == "straight":
                slowest = PEAK_VELOCITY * length / (HELD_SPEED if full else SPEED)
                yield from self._drive(joints, slowest=slowest, effort=EFFORT)
            else:
                yield from self._drive(joints, slowest=0.0, effort=HELD_EFFORT if full else EFFORT)
            if waypoint.gripper is not None:
                yield from self.grip(waypoint.gripper)

    def rehearse(self, path: Path3D, around: Surroundings, *, ignore: Collection[str] = ()) -> None:
        """Raise :class:`Stopped` unless every waypoint can be reached; nothing moves.

        Free ways are not planned, but where they end must be free.
        """
        q = self.q[0]
        for waypoint in path.waypoints:
            if waypoint.motion == "straight":
                q = self.way_to(waypoint, q, around, ignore=ignore)[-1]
            else:
                q = self._joints_at(waypoint, q, around)

    def way_to(self, waypoint: Waypoint, q: Array, around: Surroundings, *, ignore: Collection[str] = ()) -> Array:
        """Joints (points, n) from ``q`` (n,) to a waypoint."""
        if waypoint.motion == "straight":
            return self._line(waypoint, q, around, ignore)
        goal = self._joints_at(waypoint, q, around)[None]
        held, model = self._held(around), self._model(around)
        path, ok = plan_transit(self, goal, model, held=held)
        if not ok[0]:
            pair = blame(self, goal, model, [0], held=held)[0]
            raise Stopped(
                "path_in_collision",
                f"a way to {waypoint.note or 'a waypoint'}",
                " meets ".join(pair) or "none found",
                bodies=pair,
            )
        return path[0]

    def grip(self, width: float, seconds: float = GRIP_SECONDS) -> Steps:
        """Command an opening and wait."""
        steps = max(1, round(seconds * self.problem.rate))
        actions = np.repeat(self.command[None], steps, axis=0)
        share = np.minimum(1.0, np.arange(1, steps + 1) / max(1.0, 0.5 * steps))
        goal = float(np.clip(width, 0.0, self.robot.gripper.max_width))
        actions[:, self.arm.columns.stop] += share * (goal - self.command[self.arm.columns.stop])
        yield from self._apply(actions)

    def wait(self, seconds: float) -> Steps:
        """Hold still."""
        yield from self._apply(np.repeat(self.command[None], max(1, round(seconds * self.problem.rate)), axis=0))

    def tool_at(self, q: Array) -> Array:
        """Where the tool would be (7,) at joints (n,)."""
        return poses.compose(self.base, self.arm.tool_pose(q))

    def _joints_at(self, waypoint: Waypoint, q: Array, around: Surroundings) -> Array:
        """Joints (n,) at a waypoint that are free, as near to ``q`` as they come."""
        target = self._in_base(_pose(waypoint))[None]
        found = [self.arm.ik(target, q[None], posture=self.arm.home), self.arm.ik_restarted(target)]
        reached = [f.q[0] for f in found if f.ok[0]]
        if not reached:
            error = min(float(f.position_error[0]) for f in found)
            raise Stopped(
                "ik_failed",
                f"the arm to reach {waypoint.note or 'a waypoint'}",
                f"{error * 1000:.0f} mm short",
                amount=error,
            )
        model, held = self._model(around), self._held(around)
        free = [r for r in reached if model.free(r[None, None], [0], held=held)[0]]
        if not free:
            pair = model.culprits(reached[0][None, None], [0], held=held)[0]
            raise Stopped(
                "path_in_collision", f"{waypoint.note or 'a waypoint'} to be free", " meets ".join(pair), bodies=pair
            )
        return min(free, key=lambda r: float(np.abs(r - q).max()))

    def _line(self, waypoint: Waypoint, q: Array, around: Surroundings, ignore: Collection[str]) -> Array:
        start, goal = self.tool_at(q), _pose(waypoint)
        count = max(2, int(np.ceil(np.linalg.norm(goal[:3] - start[:3]) / STRIDE)))
        turn = poses.quat_to_rotvec(poses.quat_multiply(goal[3:], poses.quat_conjugate(start[3:])))
        share = (np.arange(1, count + 1) / count)[:, None]
        quat = poses.quat_multiply(poses.quat_from_rotvec(share * turn), np.broadcast_to(start[3:], (count, 4)))
        line = poses.pose(start[:3] + share * (goal[:3] - start[:3]), quat)
        path, ok = self.arm.follow(self._in_base(line)[None], q[None])
        if not ok[0]:
            raise Stopped(
                "ik_failed", f"a straight line to {waypoint.note or 'a waypoint'}", "the arm cannot follow it"
            )
        model = self._model(around)  # what is held may come close to things: that is what straight lines are for
        if not model.free(path, [0], ignore=ignore)[0]:
            pair = model.culprits(path, [0], ignore=ignore)[0]
            raise Stopped(
                "path_in_collision",
                f"a straight line to {waypoint.note or 'a waypoint'}",
                " meets ".join(pair),
                bodies=pair,
            )
        return path[0]

    def _drive(self, joints: Array, *, slowest: float, effort: float) -> Steps:
        path = np.concatenate([self.q, joints])[None]
        targets = time_path(self.arm, path, rate=self.problem.rate, active=self.alive, effort=effort, slowest=slowest)
        actions = np.repeat(self.command[None], len(targets), axis=0)
        actions[:, self.arm.columns] = targets[:, 0]
        yield from self._apply(actions)

    def _apply(self, actions: Array) -> Steps:
        measured = yield (self.stage_names[-1] if self.stage_names else "start"), actions
        self.command = actions[-1].astype(np.float32).astype(float)
        self.measured = measured[-1].astype(float)

    def _in_base(self, T_world: Array) -> Array:
        return poses.compose(poses.inverse(self.base), T_world)

    def _model(self, around: Surroundings) -> CollisionModel:
        if id(around) not in self._models:
            opening = float(self.command[self.arm.columns.stop])
            made = collision_model(
                self.arm, self.measured, self.base, height=around.height, seen=around.seen, width=opening
            )
            self._models = {id(around): made}
            self._around = around  # kept, so that its id is not used again
        return self._models[id(around)]

    def _held(self, around: Surroundings) -> Held | None:
        if around.held is None or not len(around.held):
            return None
        return held_of(around.held, np.array(poses.IDENTITY_POSE))


def _pose(waypoint: Waypoint) -> Array:
    quat = np.array(waypoint.quat)
    return poses.pose(waypoint.position, quat / np.linalg.norm(quat))


def waypoint(pose: Array, *, motion: str = "free", gripper: float | None = None, note: str = "") -> Waypoint:
    """A waypoint at a tool pose (7,)."""
    x, y, z, qw, qx, qy, qz = (float(v) for v in pose)
    return Waypoint(position=(x, y, z), quat=(qw, qx, qy, qz), motion=motion, gripper=gripper, note=note)  # type: ignore[arg-type]


def let_go(hand: Hand, opening: float) -> Steps:
    """Open and go back along the approach."""
    yield from hand.grip(opening)
    yield from step_back(hand)


def step_back(hand: Hand) -> Steps:
    """Go back along the approach, else up, as far as the arm can."""
    tool = hand.tool_at(hand.q[0])
    free = Surroundings(-1.0, {}, None)
    for way in (-poses.quat_to_matrix(tool[3:])[:, 2], np.array([0.0, 0.0, 1.0])):
        path = Path3D(
            action=Action(verb="lift", thing="hand"),
            waypoints=(waypoint(poses.pose(tool[:3] + AWAY * way, tool[3:]), motion="straight"),),
        )
        try:
            yield from hand.follow(path, free)
        except Stopped:
            continue
        return
