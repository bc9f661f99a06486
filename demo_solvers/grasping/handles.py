"""Contacts for a batch: how each row takes or pushes a link, so that the arm can go along and step back in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.grasping.motion import LinkMotion
from demo_solvers.grasping.paths import crowding, follow, seconds, spread
from demo_solvers.grasping.seeds import seeds
from demo_solvers.grasping.ways import Ways
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import SLACK, CollisionModel
from pipeline.core import poses
from pipeline.core.world import Bools, WorldState

POINTS = 14  # waypoints of the travel
LOOKS = (60, 240, 720)  # ways that are looked at; only rows without a whole travel look further
SEEDS = 3  # attitudes of the arm from which each way is tried
SHORTLIST = 40  # arms a row whose whole travel is worked out
RANKS = 3  # contacts a row, best first: what no free path leads to falls back on the next
AWAY, AWAY_PUSH, BACK_POINTS = 0.10, 0.06, 6  # m before the contact and after it
# How deep a hand may stand in the link that it moves. Open fingers keep clear of a bar; the spheres of a fingertip that
# pushes, larger than it, overlap.
GIVE_GRIP, GIVE_PUSH = -0.002, 0.007  # m
BUTTON, GIVE_BUTTON = 0.02, 0.012  # m; a slide as short as a button's, which fingertips press down to its surroundings
LEAST = 0.1  # of the way to the goal: a shorter stretch is not worth a contact
FLATTEST = -0.2  # least cosine of a pushing finger with the face's inward normal
COMFORT, TIGHTNESS = 0.02, 4.0  # m of clearance beyond which more is no better, and what having none costs
EFFORT, CROWDING, UNREACHED = 0.4, 2.0, 20.0  # costs: of a radian on the way, of joints at their limits, of the rest
ROUNDABOUT, ON_THE_LINE = 8.0, 10  # cost of a contact to which no straight way leads, and where that is looked at
SECOND = 2.0  # cost of a second along the contact
CLEAR = 0.003  # m that the arm keeps from everything else while the link moves: it does not follow to the millimetre


@dataclass(frozen=True, eq=False)
class Contact:
    """One contact a row: joints (batch, points, n) of the approach, of the travel with the link, and of the way back.

    ``reached`` (batch,) is the share of the way to the goal that the arm can go; ``opening`` and ``width`` (batch,) m
    are commanded before and after contact; ``length`` (batch,) m is how far the hand goes.
    """

    approach: Array
    travel: Array
    retreat: Array
    opening: Array
    width: Array
    grips: Bools
    reached: Array
    length: Array
    found: Bools
    cost: Array

    @staticmethod
    def none(ex: Execution) -> Contact:
        """Nothing found yet."""
        batch, still = len(ex.q), ex.q[:, None]
        back, zero = still.repeat(BACK_POINTS, axis=1), np.zeros(batch)
        no = np.zeros(batch, bool)
        return Contact(
            back, still.repeat(POINTS, axis=1), back.copy(), ex.width.copy(), ex.width.copy(), no, zero,
            zero.copy(), no.copy(), np.full(batch, np.inf),
        )  # fmt: skip


class Search:
    """Looks for contacts that take a link by ``by`` (batch,) m or rad, and remembers why there are none in a row."""

    def __init__(self, ex: Execution, motion: LinkMotion, by: Array) -> None:
        self.ex, self.motion, self.by = ex, motion, by
        self.state = ex.state()
        self.others = tuple(b for b in self.state.layout.geometry if b != motion.body)
        self.ranked = [Contact.none(ex) for _ in range(RANKS)]
        self.reachable = np.zeros(len(ex.q), bool)
        self._tried: list[tuple[Array, NDArray[np.intp]]] = []
        self._shares = np.arange(1, POINTS + 1) / POINTS
        small = not motion.turns and motion.travel < BUTTON
        self._give_push, self._clear = (GIVE_BUTTON, -SLACK) if small else (GIVE_PUSH, CLEAR)
        self._opening = 0.0  # m of the hand that is checked: the widest of the ways at hand, the same for every row

    def look(self, ways: Ways, rows: NDArray[np.intp], *, reach: float = 1.0) -> None:
        """Try more and more of ``ways`` in ``rows`` until their travel gets as far as ``reach``."""
        start = 0
        for stop in LOOKS:
            todo = rows[self.ranked[0].reached[rows] < reach - 1e-9]
            if not len(todo) or start >= len(ways):
                return
            self._try(ways.of(np.arange(start, min(stop, len(ways)))), todo)
            start = stop

    def blockers(self, row: int) -> tuple[str, ...]:
        """Bodies that the arm would have met in most of the contacts it could have reached."""
        mine = [q[rows == row] for q, rows in self._tried]
        q = np.concatenate(mine)[:20] if mine else np.zeros((0, 7))
        if not len(q):
            return ()
        model, layout = CollisionModel(self.ex.arm, self.state, width=0.0), self.state.layout.geometry
        at = np.full(len(q), row)
        met = {
            body: float((model.clearance(q, at, ignore=[b for b in layout if b != body]).min(axis=1) < -SLACK).mean())
            for body in layout
        }
        worst = max(met.values())
        return tuple(body for body, share in met.items() if worst > 0 and share >= 0.5 * worst)

    def _try(self, ways: Ways, rows: NDArray[np.intp]) -> None:
        self._opening = float(ways.opening.max(initial=0.0))
        at, flat, way, tool = self._arms(ways, rows)
        picked = ways.of(way)
        away, ok = self._approach(at, tool, flat, picked)
        index = self._shortlist(ok, flat, picked.cost + EFFORT * np.abs(away[:, -1] - self.ex.q[flat]).sum(axis=1))
        if not len(index):
            return
        at, flat, tool, picked, away = at[index], flat[index], tool[index], picked.of(index), away[index]
        travel, length, count, room = self._travel(at, tool, flat, picked)
        last = travel[np.arange(len(at)), np.maximum(count - 1, 0)]
        back, clear = self._retreat(last, flat, count, picked)
        reached = np.where(clear, count / POINTS, 0.0)
        whole = np.stack([spread(q, path, n) for q, path, n in zip(at, travel, count, strict=True)])
        self._tried.append((np.concatenate([away, travel], axis=1), flat))
        cost = picked.cost + EFFORT * np.abs(away[:, -1] - self.ex.q[flat]).sum(axis=1) + UNREACHED * (1 - reached)
        cost = cost + CROWDING * np.maximum(crowding(self.ex.arm, at), crowding(self.ex.arm, last))
        cost = cost + TIGHTNESS * (1 - np.clip(room / COMFORT, 0, 1)) + ROUNDABOUT * self._blocked(away[:, -1], flat)
        for path in (np.concatenate([at[:, None], away], axis=1), whole, back):
            cost = cost + SECOND * seconds(self.ex.arm, path)
        cost[reached < LEAST] = np.inf
        approach = np.concatenate([away[:, ::-1], at[:, None]], axis=1)
        self._keep(flat, approach, whole, back, picked, reached, length * reached, cost)

    def _arms(self, ways: Ways, rows: NDArray[np.intp]) -> tuple[Array, NDArray[np.intp], NDArray[np.intp], Array]:
        """Joints (k, n) at the contact that inverse kinematics finds, their rows, ways and tool poses."""
        link = self.state.body(self.motion.body)[rows, None].astype(float)
        tool = poses.compose(link, ways.tool).reshape(-1, 7)
        flat, way = np.repeat(rows, len(ways)), np.tile(np.arange(len(ways)), len(rows))
        good = np.flatnonzero(self._faces(tool, flat, ways.of(way)))
        tool, flat, way = tool[good], flat[good], way[good]
        if not len(tool):
            return np.zeros((0, self.ex.q.shape[1])), flat, way, tool
        goal = self.ex.to_base(tool, flat)
        start = seeds(self.ex.arm, goal, count=SEEDS)
        found = self.ex.arm.ik(np.repeat(goal, SEEDS, axis=0), start.reshape(-1, start.shape[-1]), iterations=25)
        index = np.flatnonzero(found.ok)
        self.reachable[np.unique(flat[index // SEEDS])] = True
        return found.q[index], flat[index // SEEDS], way[index // SEEDS], tool[index // SEEDS]

    def _faces(self, tool: Array, flat: NDArray[np.intp], ways: Ways) -> Bools:
        """Whether a push stays more or less square to its face over the whole way."""
        if not len(tool):
            return np.zeros(0, bool)
        link = self.state.body(self.motion.body)[flat, 3:].astype(float)
        by = self.by[flat, None] * np.array([0.0, 1.0])
        normal = self.motion.vectors(poses.quat_rotate(link, ways.normal), by, flat)
        hand = self.motion.carry(tool, by, flat, pivot=ways.pivot, tip=ways.tip)
        ahead = poses.quat_rotate(hand[..., 3:], np.array([0.0, 0.0, 1.0]))
        return ways.grips | ((-normal * ahead).sum(axis=-1) > FLATTEST).all(axis=1)

    def _approach(self, at: Array, tool: Array, flat: NDArray[np.intp], ways: Ways) -> tuple[Array, Bools]:
        """Joints (k, BACK_POINTS, n) straight back from the contact, and whether that way in is free."""
        path, count = follow(self.ex.arm, self.ex.to_base(_behind(tool, ways), flat), at)
        ok = count == BACK_POINTS
        model = self._model(self.state)
        index = np.flatnonzero(ok)
        ok[index] = model.free(path[index, -1:], flat[index])
        index = np.flatnonzero(ok)
        whole = np.concatenate([at[index, None], path[index]], axis=1)
        ok[index] = model.free(whole, flat[index], ignore=(self.motion.body,))
        index = np.flatnonzero(ok)
        near = model.clearance(np.concatenate([at[index, None], path[index]], axis=1), flat[index], ignore=self.others)
        ok[index] = (near > -self._give(ways)[index, None]).all(axis=1)
        return path, ok

    def _blocked(self, before: Array, flat: NDArray[np.intp]) -> Bools:
        """Whether something is in the way of the straight line in joint space to ``before`` (k, n)."""
        share = np.linspace(0, 1, ON_THE_LINE)[1:, None]
        line = self.ex.q[flat, None] + share * (before - self.ex.q[flat])[:, None]
        return ~self._model(self.state).free(line, flat)

    def _shortlist(self, ok: Bools, flat: NDArray[np.intp], cost: Array) -> NDArray[np.intp]:
        """The cheapest SHORTLIST of each row."""
        index = np.flatnonzero(ok)
        index = index[np.lexsort((cost[index], flat[index]))]
        first = np.searchsorted(flat[index], flat[index])
        return index[np.arange(len(index)) - first < SHORTLIST]

    def _travel(
        self, at: Array, tool: Array, flat: NDArray[np.intp], ways: Ways
    ) -> tuple[Array, Array, NDArray[np.intp], Array]:
        """Joints (k, POINTS, n) along the joint, the hand's way (k,) m, how many are good (k,), and least clearance."""
        hand = self.motion.carry(tool, self.by[flat, None] * self._shares, flat, pivot=ways.pivot, tip=ways.tip)
        length = np.linalg.norm(np.diff(np.concatenate([tool[:, None], hand], axis=1)[..., :3], axis=1), axis=-1)
        path, count = follow(self.ex.arm, self.ex.to_base(hand, flat), at)
        give = self._give(ways)
        room = np.full(len(at), np.inf)
        for k, share in enumerate(self._shares):
            index = np.flatnonzero(count > k)
            if not len(index):
                break
            model = self._model(self.motion.moved(self.state, self.by * share))
            here, rows = path[index, k : k + 1], flat[index]
            rest = model.clearance(here, rows, ignore=(self.motion.body,))[:, 0]
            mine = model.clearance(here, rows, ignore=self.others)[:, 0]
            room[index] = np.minimum(room[index], rest)
            bad = (rest <= self._clear) | (mine < -give[index])
            count[index[bad]] = k
        return path, length.sum(axis=1), count, room

    def _retreat(self, last: Array, flat: NDArray[np.intp], count: NDArray[np.intp], ways: Ways) -> tuple[Array, Bools]:
        """Joints (k, BACK_POINTS, n) straight back from the end of the travel, and whether that way out is free."""
        world = poses.compose(self.state.body("robot").astype(float)[flat], self.ex.arm.tool_pose(last))
        path, good = follow(self.ex.arm, self.ex.to_base(_behind(world, ways), flat), last)
        ok = (good == BACK_POINTS) & (count > 0)
        for k in np.unique(count[ok]):
            index = np.flatnonzero(ok & (count == k))
            model = self._model(self.motion.moved(self.state, self.by * self._shares[k - 1]))
            here, rows = np.concatenate([last[index, None], path[index]], axis=1), flat[index]
            near = model.clearance(here, rows, ignore=self.others)
            free = model.free(here, rows, ignore=(self.motion.body,)) & (near[:, -1] > -SLACK)
            ok[index] = free & (near > -self._give(ways)[index, None]).all(axis=1)
        return path, ok

    def _give(self, ways: Ways) -> Array:
        return np.where(ways.grips, GIVE_GRIP, self._give_push)

    def _model(self, state: WorldState) -> CollisionModel:
        return CollisionModel(self.ex.arm, state, width=self._opening)

    def _keep(
        self,
        flat: NDArray[np.intp],
        approach: Array,
        travel: Array,
        retreat: Array,
        ways: Ways,
        reached: Array,
        length: Array,
        cost: Array,
    ) -> None:
        """Let the cheapest of each row take their ranks."""
        for i in np.argsort(cost, kind="stable"):
            if not np.isfinite(cost[i]):
                break
            self._insert(int(flat[i]), [
                approach[i, 1:], travel[i], retreat[i], ways.opening[i], ways.width[i], ways.grips[i], reached[i],
                length[i], True, cost[i],
            ])  # fmt: skip

    def _insert(self, row: int, values: Sequence[object]) -> None:
        """Put one contact where its cost belongs among the row's, and move the others down."""
        names = list(Contact.__dataclass_fields__)
        for contact in self.ranked:
            if values[-1] >= contact.cost[row]:  # type: ignore[operator]
                continue
            worse = [np.copy(getattr(contact, name)[row]) for name in names]
            for name, value in zip(names, values, strict=True):
                getattr(contact, name)[row] = value
            values = worse


def _behind(tool: Array, ways: Ways) -> Array:
    """Tool poses (k, BACK_POINTS, 7) straight back from ``tool`` (k, 7), excluded."""
    back = np.where(ways.grips, AWAY, AWAY_PUSH)[:, None] * np.arange(1, BACK_POINTS + 1) / BACK_POINTS
    offset = np.zeros((*back.shape, 3))
    offset[..., 2] = -back
    return poses.compose(tool[:, None], poses.pose(offset))
