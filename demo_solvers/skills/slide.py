"""Slide: press closed fingers on a body's top and draw it by friction until it sticks out over an edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.grasping.rim import below
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.skill import Number, Settings, Signature, declares
from demo_solvers.skills._carry import DOWN, go
from pipeline.core import poses
from pipeline.core.geometry import Box
from pipeline.core.program import Stage
from pipeline.core.world import HAND, Bools
from pipeline.predicates._shapes import corners, highest, in_frame
from pipeline.predicates.overhanging import overhanging

OUT = 0.055  # m that a body is drawn over the edge: the predicate's 4 cm, and room for the fingertip below
INSIDE = 0.025  # m that the pressing fingertips stay inside the edge, or the body would tip over it
ABOVE, LIFT = 0.06, 0.10  # m over the body's top on the way there, and on the way off
PRESS = 25.0  # N: with less the fingertips chatter and the body lags behind; a squeeze of this gripper is 40
NEAR, SLOWLY = 0.010, 0.2  # m over the top, from where the hand comes down at so much of its speed
LOWER, SPEED = 0.05, 0.06  # m/s of the hand towards the top, and along it
YIELD, DEEPEST = 0.0003, 0.02  # m a control step for all of the force that lacks; m below the top that is commanded
SIDES = np.array([(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)])
POINTS = 8  # of the way that is looked at before it is gone
LOST = 0.03  # m by which the body may lag behind what the hand is sent; then it is set down anew
STROKES = 3


@declares(
    Signature(
        kind="contact",
        summary="draw a flat body by friction, pressed from above, until it sticks out over the edge of what it is on",
        parameters={
            "out": Number(OUT, 0.04, 0.1, "m", "how far over the edge it is drawn"),
            "force": Number(PRESS, 2.0, 30.0, "N", "how hard it is pressed"),
            "speed": Number(SPEED, 0.02, 0.2, "m/s", "of the hand along the surface"),
        },
        needs=("(not (holding {body}))",),
        brings="(overhanging {body} {anchor})",
        relations=("overhanging",),
    )
)
def slide(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Draw ``stage.body`` over the nearest edge of what it lies on where the hand can both draw and take it."""
    settings, anchor = Settings(stage), stage.relations[0].anchor
    everyone = ex.alive.copy()
    for _ in range(STROKES):
        ex.alive = _sound(ex, everyone) & ~overhanging(ex.state(), stage.body, anchor)
        if not ex.alive.any():
            break
        ex.begin(f"reach {stage.body}")
        ways = _ways(ex, stage.body, anchor, out=settings.number("out"))
        chosen = go(ex, ways.above, carried=None, effort=0.6, wanted=f"the hand over {stage.body}", further=ways.fits)
        ex.grip(np.zeros(len(ex.q)), 0.2)
        ex.begin(str(stage))
        drawn = ways.of(chosen)
        _Drag(ex, stage.body, drawn, force=settings.number("force"), speed=settings.number("speed")).run()
        ex.begin(f"{stage}: leave")
        _lift(ex)
    ex.alive = _sound(ex, everyone)
    missed = np.flatnonzero(ex.alive & ~overhanging(ex.state(), stage.body, anchor))
    seen = "it does not stick out over an edge"
    expected = f"{stage.body} overhanging {anchor}"
    ex.fail(missed, "push_missed", expected=expected, seen=seen, bodies=(stage.body, anchor))


@dataclass(frozen=True, eq=False)
class _Ways:
    """Of every row: tools (batch, k, 7) over the body, at its top before the drag and after it, and what else fits."""

    above: Array
    touch: Array
    end: Array
    ok: Bools  # (batch, k)  the body could be taken by its rim there
    ex: Execution

    def fits(self, rows: np.ndarray, option: np.ndarray, q: Array) -> Bools:
        """Whether the arm can go down to the body and along with it, and take it then."""
        share = np.linspace(0.0, 1.0, POINTS)[:, None]
        start, end = self.touch[rows, option], self.end[rows, option]
        along = start[:, None, :3] + share * (end - start)[:, None, :3]
        way = poses.pose(along, np.repeat(start[:, None, 3:], POINTS, axis=1))
        return self.ok[rows, option] & self.ex.arm.follow(self.ex.to_base(way, rows), q)[1]

    def of(self, option: np.ndarray) -> tuple[Array, Array]:
        """Tools (batch, 7) at the start and the end of the chosen way."""
        rows = np.arange(len(option))
        return self.touch[rows, option], self.end[rows, option]


def _ways(ex: Execution, body: str, anchor: str, *, out: float) -> _Ways:
    """One way over each edge and for each half turn of the hand, the nearest edge first, in every row."""
    state = ex.state()
    shape, area = state.layout.geometry[body], state.layout.geometry[anchor].support or Box(half=(0.0, 0.0, 0.0))
    surface = poses.compose(state.body(anchor).astype(float), area.pose)
    local = in_frame(surface, corners(state, body))[..., :2]  # (batch, 8, 2)
    size = (local[:, :, None] * SIDES).sum(axis=-1)  # (batch, 8, 4)
    edge = np.abs(SIDES) @ np.array(area.half[:2])
    travel = out - (size.max(axis=1) - edge)  # (batch, 4)
    order = np.argsort(travel, axis=1, kind="stable")
    normal = poses.quat_rotate(surface[:, None, 3:], np.concatenate([SIDES, np.zeros((4, 1))], axis=1))[..., :2]
    normal, travel = (np.take_along_axis(v, i, axis=1) for v, i in ((normal, order[..., None]), (travel, order)))
    half = np.take_along_axis(np.ptp(size, axis=1) / 2, order, axis=1)
    middle = poses.compose(state.body(body).astype(float), shape.bounds.pose)[:, None, :2]
    spot = middle + np.minimum(0.0, half - out - INSIDE)[..., None] * normal
    top = highest(state, body) + ex.robot.gripper.finger_depth
    touch, end = (_tools(at, normal, top) for at in (spot, spot + travel[..., None] * normal))
    above = touch.copy()
    above[..., 2] += ABOVE
    takes = np.repeat(_takes(ex, body, anchor, travel[..., None] * normal), 2, axis=1)
    return _Ways(above, touch, end, takes & np.repeat(travel > 0, 2, axis=1), ex)


def _tools(at: Array, ahead: Array, height: Array) -> Array:
    """Downward tools (batch, 2 k, 7) over points (batch, k, 2), fingers across the way, either way round."""
    yaw = np.arctan2(ahead[..., 1], ahead[..., 0])[..., None] + np.array([0.0, np.pi])  # (batch, k, 2)
    high = np.broadcast_to(height[:, None, None], (*at.shape[:2], 1))
    position = np.repeat(np.concatenate([at, high], axis=-1)[:, :, None], 2, axis=2)
    tool = poses.pose(position, poses.quat_multiply(poses.quat_from_yaw(yaw), np.array(DOWN)))
    return tool.reshape(len(at), -1, 7)


def _takes(ex: Execution, body: str, anchor: str, shift: Array) -> Bools:
    """Whether a hand gets to a grasp of the body by its rim, were it moved by ``shift`` (batch, k, 2) m."""
    geometry, state = ex.state().layout.geometry[body], ex.state()
    grasps = [g for g, rim in zip(geometry.grasps, below(geometry.grasps, geometry), strict=True) if rim]
    found = np.zeros(shift.shape[:2], bool)
    if not grasps:
        return ~found  # nobody means to take it there
    local = np.array([g.pose for g in grasps])
    model = CollisionModel(ex.arm, state, width=ex.robot.gripper.max_width)
    for side in range(shift.shape[1]):
        at = state.body(body).astype(float).copy()
        at[:, :2] += shift[:, side]
        tool = poses.compose(at[:, None], local)
        ahead = poses.quat_rotate(tool[..., 3:], np.array([0.0, 0.0, 1.0]))[..., :2]
        facing = (ahead * -shift[:, side, None]).sum(-1) > 0.9 * np.linalg.norm(shift[:, side], axis=-1)[:, None]
        row, grasp = np.nonzero(facing & ex.alive[:, None])
        if len(row):
            result = ex.arm.ik_restarted(ex.to_base(tool[row, grasp], row))
            good = result.ok & model.free(result.q[:, None], row, ignore=(body,))
            found[row[good], side] = True
    return found


class _Drag:
    """Presses with a wished force and goes along, step by step, as the force says and as the body comes along."""

    def __init__(self, ex: Execution, body: str, way: tuple[Array, Array], *, force: float, speed: float) -> None:
        self.ex, self.body, self.force = ex, body, force
        self.start, self.end = way
        gap = (self.end - self.start)[:, :2]
        self.length = np.linalg.norm(gap, axis=1)
        self.ahead = gap / np.maximum(self.length, 1e-9)[:, None]
        self.step, self.lower = speed / ex.rate, LOWER / ex.rate
        self.high = self.start[:, 2] + ABOVE
        self.gone = np.zeros(len(self.length))
        self.first = ex.state().body(body)[:, :2].astype(float)

    def run(self) -> None:
        """Until every live row has drawn its body as far as it is to come, or the body does not come along."""
        ex, rows = self.ex, np.arange(len(self.length))
        down = (ABOVE - NEAR + (NEAR + DEEPEST) / SLOWLY) / self.lower
        most = int(down + 2.0 * self.length[ex.alive].max(initial=0.0) / self.step)
        done = ~ex.alive
        for _ in range(min(most, ex.worlds.steps_left)):
            done |= self._advance(~done)
            result = ex.arm.ik(ex.to_base(self._tool(), rows), ex.q, iterations=8)
            ex.apply(np.where((done | ~result.ok)[:, None], ex.q, result.q)[None], ex.width)
            if done.all():
                break

    def _advance(self, moving: Bools) -> Bools:
        """One step down where it does not press enough, along where it does; which rows (batch,) have done."""
        state = self.ex.state()
        pressing = state.force[:, HAND, state.layout.body(self.body)].astype(float)
        came = ((state.body(self.body)[:, :2] - self.first) * self.ahead).sum(axis=1)
        free = (pressing < 0.5) & (self.gone == 0.0)
        lacks = np.clip((self.force - pressing) / self.force, -1.0, 1.0)
        slowly = np.where(self.high < self.start[:, 2] + NEAR, SLOWLY, 1.0)
        down = np.where(free, self.lower * slowly, YIELD * lacks)
        self.high = np.maximum(self.high - moving * down, self.start[:, 2] - DEEPEST)
        along = (pressing > 0.5 * self.force) | (self.gone > 0.0)
        self.gone = self.gone + moving * along * self.step
        return (came >= self.length) | (self.gone - came > LOST)

    def _tool(self) -> Array:
        tool = self.start.copy()
        tool[:, :2] += self.gone[:, None] * self.ahead
        tool[:, 2] = self.high
        return tool


def _sound(ex: Execution, rows: Bools) -> Bools:
    """Those of ``rows`` (batch,) that have not failed."""
    return rows & np.array([d.cause == "none" for d in ex.diagnoses])


def _lift(ex: Execution) -> None:
    """Straight up off the body."""
    rows = np.arange(len(ex.q))
    here = poses.compose(ex.state().body("robot").astype(float), ex.arm.tool_pose(ex.q))
    share = np.linspace(0.0, 1.0, POINTS + 1)[1:, None]
    up = here[:, None, :3] + share * np.array([0.0, 0.0, LIFT + DEEPEST])
    path, ok = ex.arm.follow(ex.to_base(poses.pose(up, np.repeat(here[:, None, 3:], POINTS, axis=1)), rows), ex.q)
    path[~ok] = ex.q[~ok, None]
    ex.line(path, speed=0.2, length=LIFT + DEEPEST)
    ex.wait(0.2)
