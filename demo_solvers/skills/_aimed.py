"""The pushing hand where a body is also to be turned: every push is one of a planned few."""

from __future__ import annotations

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Arm, Array
from demo_solvers.planning.planar_push import (
    FACES,
    Pushed,
    Pushes,
    Reach,
    bend,
    chosen,
    friction_radius,
    worth,
    wrapped,
)
from demo_solvers.skills._servo import MAX_TURN, RISE, SLOW_DOWN, SLOWEST, STANDOFF, STEER, Servo, unit
from pipeline.core import poses
from pipeline.core.program import Stage
from pipeline.core.world import Bools
from pipeline.predicates._headings import heading
from pipeline.predicates.aligned import TOLERANCE

SURE = 0.7  # of what is allowed: what a plan may be off
WIDEST = 0.03  # m that it may be off, however large the region
LEAD = 0.12  # rad by which a hand that turns a face is ahead of it
RADII, LOOKS = np.arange(0.15, 1.0, 0.025), 8  # m from the base, and ways the hand looks, at which reach is tried
MOST = 0.7  # of these ways: what reaches
OVER, SLACK = 1.4, 0.015  # times its way, and m, after which a push ends, whatever has come of it


class AimedServo(Servo):
    """One push of every row that serves a place and a heading: :meth:`options` plans, :meth:`aim` chooses one."""

    # A hand that sags drags the body down, and where friction is 1, what is dragged down as hard as it is pushed is
    # wedged. It gives way in the end: the hand must not be far ahead then.
    lift, leash = RISE, 0.03
    leaves_at, back_first = 0.15, False  # in one line, to be sooner at the next push

    def __init__(self, ex: Execution, stage: Stage) -> None:
        super().__init__(ex, stage, upright=True)
        state, anchor = ex.state(), stage.relations[0].anchor
        (mine, long), (there, long_there) = heading(state, stage.body), heading(state, anchor)
        turned = poses.yaw_of(state.body(stage.body)[:, 3:])
        area = state.layout.geometry[anchor]
        self.turns = float(np.pi if (long & long_there).all() else np.pi / 2)
        self.off = (min(SURE * min((area.support or area.bounds).half[:2]), WIDEST), SURE * np.deg2rad(TOLERANCE))
        self.upright = turned + wrapped(there - mine, self.turns)  # rad, where the body's yaw is to end
        self.half = (self.geometry.bounds.half[0], self.geometry.bounds.half[1])

    @property
    def gap(self) -> Array:
        """Fingers together turn a body; apart they keep its heading."""
        return np.where(self.beside != 0, 0.0, self.touch.gap)

    def options(self) -> list[Pushes]:
        """Pushes from the best to the worst, each another face or another place on it, (batch,) each."""
        pushes, costs = worth(self._off(), self.off, self._bodies(), self.turns)
        groups = np.unique(np.stack([pushes.face, np.sign(pushes.beside), pushes.bent]), axis=1, return_inverse=True)[1]
        groups = groups.reshape(-1)
        best = np.stack(
            [np.where(groups == group, costs, np.inf).argmin(axis=1) for group in range(groups.max() + 1)], axis=1
        )
        order = np.argsort(np.take_along_axis(costs, best, axis=1), axis=1, kind="stable")
        ranked = np.take_along_axis(best, order, axis=1)
        return [chosen(pushes, ranked[:, rank]) for rank in range(ranked.shape[1])]

    def aim(self, push: Pushes) -> None:
        """Set every row's hand before the place that ``push`` (batch,) begins at."""
        self.face(push.face)
        self.push, self.beside, self.begun = push, push.beside, self._yaw()
        left = unit(self.heading + np.pi / 2)
        self.position = self._centre() - self._reach(STANDOFF)[:, None] * unit(self.heading)
        self.position = self.position + self.beside[:, None] * left
        self.origin = self.position.copy()
        shift = push.ahead[:, None] * unit(self.heading) + push.aside[:, None] * left
        self.target = np.where(push.bent[:, None], self.goal, self._centre() + shift)
        hand = push.ahead + np.abs(self.beside * push.turn)
        self.planned = np.where(push.bent, np.linalg.norm(self.goal - self._centre(), axis=1), hand)

    def last_tool(self) -> Array:
        """Tool poses (batch, 7) at the end of the push, as it is planned."""
        turn = np.where(self.push.bent, wrapped(self.upright - self.begun), self.push.turn)
        end = self.heading + turn
        place = self.target - self._reach(0.0)[:, None] * unit(end) + self.beside[:, None] * unit(end + np.pi / 2)
        return self._tool_at(place, end)

    def _course(self) -> tuple[Array, Array, Array]:
        straight, turn, fastest = super()._course()
        bends, pace = self._bending(fastest)
        pivots, left = self._pivoting(fastest)
        turning = self.push.turn != 0
        return (
            np.where(self._overdue(), 0.0, np.where(turning, left, straight)),
            np.where(turning, pivots, np.where(self.push.bent, bends, turn)),
            np.where(self.push.bent, pace, fastest),
        )

    def _bending(self, fastest: Array) -> tuple[Array, Array]:
        """How fast [rad/s] to turn on a bent way home, and how fast [m/s] to go for that, (batch,) each."""
        curve = bend(self._off(), FACES[self.push.face], self.turns)[:, 0]
        known = np.isfinite(curve)
        pace = np.minimum(fastest, MAX_TURN / np.maximum(np.abs(np.where(known, curve, 0.0)), 1e-6))
        home = STEER * wrapped(self.upright + FACES[self.push.face] - self.heading)
        return np.clip(np.where(known, curve * pace, home), -MAX_TURN, MAX_TURN), pace

    def _pivoting(self, fastest: Array) -> tuple[Array, Array]:
        """How fast [rad/s] to turn with the face, a little ahead of it, and how far [m] there is to go, (batch,) each.

        A hand that only followed would hold the face by the width of its fingers.
        """
        square = friction_radius(self.half) ** 2
        arc = np.abs(self.beside) / (square + self.beside**2)  # rad that a metre of the hand's way turns
        way, face = np.sign(self.push.turn), self._yaw() + FACES[self.push.face]
        left = np.maximum(np.abs(self.push.turn) - way * wrapped(self._yaw() - self.begun), 0) / np.maximum(arc, 1e-6)
        speed = np.clip(SLOW_DOWN * left, SLOWEST, fastest)
        return way * speed * arc + STEER * wrapped(face + LEAD * way - self.heading), left

    def _overdue(self) -> Bools:
        """Whose hand (batch,) has gone much further than it takes."""
        gone = np.linalg.norm(self.ex.state().tcp[:, :2] - self.origin, axis=1)
        return gone > OVER * self.planned + STANDOFF + SLACK

    def _bodies(self) -> list[Pushed]:
        """The body of every row, with where the arm stands from its goal."""
        pose = poses.pose(np.zeros((len(self.goal), 3)), np.tile([1.0, 0.0, 0.0, 0.0], (len(self.goal), 1)))
        base = poses.inverse(self.ex.to_base(pose, np.arange(len(self.goal))))[:, :2]
        inner, outer = ring(self.ex.arm, self.ex.to_base(self.tool(), np.arange(len(self.goal)))[0])
        apart = _turned(base - self.goal, -self.upright)
        back = self._tip + STANDOFF
        return [Pushed(self.half, Reach((float(x), float(y)), inner, outer, back)) for x, y in apart]

    def _yaw(self) -> Array:
        return poses.yaw_of(self.ex.state().body(self.body)[:, 3:].astype(float))

    def _off(self) -> Array:
        """The body in its goal's frame (batch, 3): m, m and rad."""
        apart = _turned(self._centre() - self.goal, -self.upright)
        return np.concatenate([apart, wrapped(self._yaw() - self.upright)[:, None]], axis=1)


def ring(arm: Arm, tool: Array) -> tuple[float, float]:
    """Least and greatest distance [m] from the arm's base that the hand gets to, whichever way it looks.

    Height and lean are those of a tool's pose (7,) in the base's frame.
    """
    distance, heading = (a.ravel() for a in np.meshgrid(RADII, np.linspace(-np.pi, np.pi, LOOKS, endpoint=False)))
    lean = poses.quat_multiply(poses.quat_from_yaw(-poses.yaw_of(tool[3:])), tool[3:])
    place = np.stack([distance, np.zeros_like(distance), np.full_like(distance, tool[2])], axis=1)
    ok = np.zeros(len(distance), bool)
    for half in (0.0, np.pi):
        quat = poses.quat_multiply(poses.quat_from_yaw(heading + half), np.broadcast_to(lean, (len(heading), 4)))
        ok |= arm.ik_restarted(poses.pose(place, quat)).ok
    share = ok.reshape(LOOKS, len(RADII)).mean(axis=0)
    good = RADII[share >= MOST]
    return (float(good.min()), float(good.max())) if len(good) else (0.0, np.inf)


def _turned(points: Array, angle: Array) -> Array:
    """Points (batch, 2) turned by angles (batch,) rad."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * points[:, 0] - sin * points[:, 1], sin * points[:, 0] + cos * points[:, 1]], axis=1)


def asks_for_heading(stage: Stage) -> bool:
    """Whether a stage of pushing is to lay its body along what it is pushed into."""
    return f"(aligned {stage.body} {stage.relations[0].anchor})" in (stage.post or "")
