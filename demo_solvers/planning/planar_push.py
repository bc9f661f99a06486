"""Planar pushing: pushes through the faces of a box that bring it to a place and a heading on a table.

Quasi-static: a fingertip that follows a point of a face straight ahead turns the body about a point that the ellipsoid
of friction gives (Goyal, Ruina and Papadopoulos, 1991; Lynch and Mason, 1996). Where the goal lies ahead of a face a
wide hand steers the body along a curve instead (a stable push, ibid.).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

FACES = np.array([0.0, np.pi / 2, np.pi, -np.pi / 2])  # rad, directions of a push in the body's frame
RIM = 0.015  # m from the end of a face at which a push turns the body
BEHIND = 0.35  # of the way to its face: how far behind its middle a body turns, measured with a hand that turns with it
CORNERS = 0.91  # of the distance of its corners: friction's radius, measured
TURNS = np.array([0.1, 0.17, 0.25, 0.35, 0.45, 0.6, 0.75, 0.9])  # rad that such a push may turn it
AHEAD = 0.006 * 1.25 ** np.arange(17)  # m of a straight push, up to 0.21
BENT, LATER = 9.0, 5.0  # 1/m, most curved way along which a wide hand steers a body, and what is relied on for later
NEAREST = 0.03  # m ahead that a goal lies at least for that
FARTHEST = 0.6  # rad off the face that it lies at most
FAR = 0.15  # m from its goal to which no push takes a body that was nearer
SHORT = 0.02  # m, shortest way of a push that is not the last: it may fail by about half of that
DEEPEST = 4  # pushes that are looked ahead
KEPT = 6  # ways that are looked into further for every first push
EACH, LONG = 0.35, 2.0  # of what may be off, and of that for a metre: what a push has to be worth


@dataclass(frozen=True, eq=False)
class Pushes:
    """Pushes (k,): the face, how far beside its middle [m, to the left] it is touched, how far the body's middle goes,
    ahead and to the left [m], and how far it turns [rad]; all as seen along the push.

    ``bent`` ones are steered to the goal, however far that is.
    """

    face: Indices
    beside: Array
    ahead: Array
    aside: Array
    turn: Array
    bent: NDArray[np.bool_]


@dataclass(frozen=True)
class Reach:
    """Where the hand gets to: between two distances [m] from ``base`` (2,), the arm's place in the goal's frame.

    ``back`` is how far [m] behind a face it stands where a push begins.
    """

    base: tuple[float, float]
    inner: float
    outer: float
    back: float


@dataclass(frozen=True)
class Pushed:
    """A box that is pushed on a table; ``half`` are its horizontal half sizes [m]."""

    half: tuple[float, float]
    reach: Reach | None = None

    def pushes(self) -> Pushes:
        """All that are considered: for each face one that is bent, straight ones, and those that turn either way."""
        return _pushes(self.half)

    def after(self, gap: Array, pushes: Pushes, turns: float, *, bent: float = BENT) -> Array:
        """Gaps (..., k, 3) after each of ``pushes`` from gaps (..., 3).

        A gap is the body's place [m] and heading [rad] in the goal's frame; ``turns`` is the angle [rad] after which
        the body looks the same to the goal. Nan where a push leads nowhere. ``bent`` is as :data:`BENT`.
        """
        x, y, yaw = (gap[..., None, i] for i in range(3))
        cos, sin = np.cos(yaw + FACES[pushes.face]), np.sin(yaw + FACES[pushes.face])
        placed = x + cos * pushes.ahead - sin * pushes.aside, y + sin * pushes.ahead + cos * pushes.aside
        straight = np.stack([*placed, wrapped(yaw + pushes.turn, turns)], axis=-1)
        bends = bend(gap[..., None, :], FACES[pushes.face], turns)
        gentle = np.all(np.abs(bends) <= bent, axis=-1, keepdims=True)
        home = np.where(gentle, 0.0, np.nan)
        found = np.where(pushes.bent[:, None], np.broadcast_to(home, straight.shape), straight)
        lost = np.hypot(found[..., 0], found[..., 1]) > np.maximum(FAR, np.hypot(x, y))
        if self.reach is not None:
            there = np.where(pushes.bent, 0.0, yaw + pushes.turn)
            lost = lost | ~(self._reached(gap[..., None, :], yaw, pushes) & self._reached(found, there, pushes))
        return np.where(lost[..., None], np.nan, found)

    def _reached(self, gap: Array, yaw: Array, pushes: Pushes) -> NDArray[np.bool_]:
        """Whether (..., k) the hand gets to where it stands for each push, with the body at ``gap`` (..., 3)."""
        assert self.reach is not None
        depth = np.where(pushes.face % 2 == 0, *self.half) + self.reach.back
        cos, sin = np.cos(yaw + FACES[pushes.face]), np.sin(yaw + FACES[pushes.face])
        x = gap[..., 0] - depth * cos - pushes.beside * sin - self.reach.base[0]
        y = gap[..., 1] - depth * sin + pushes.beside * cos - self.reach.base[1]
        far = np.hypot(x, y)
        return (far >= self.reach.inner) & (far <= self.reach.outer)


def wrapped(angle: Array, turns: float = 2 * np.pi) -> Array:
    """Angles (...,) brought into plus and minus half of ``turns``."""
    return (angle + turns / 2) % turns - turns / 2


def bend(gap: Array, face: Array, turns: float) -> Array:
    """Curvatures (..., 2) 1/m, at its begin and end, of a way that leads a body at ``gap`` home through ``face``.

    ``gap`` (..., 3) and ``face`` [rad] (...,) as everywhere here. A cubic, which meets both headings; infinite where
    the goal is not ahead.
    """
    way = gap[..., 2] + face
    cos, sin = np.cos(way), np.sin(way)
    ahead = -gap[..., 0] * cos - gap[..., 1] * sin
    aside = gap[..., 0] * sin - gap[..., 1] * cos
    slope = np.tan(np.clip(-wrapped(gap[..., 2], turns), -1.2, 1.2))
    fits = (ahead >= NEAREST) & (np.abs(np.arctan2(aside, ahead)) <= FARTHEST)
    far = np.maximum(ahead, NEAREST)
    first, last = 6 * aside / far**2 - 2 * slope / far, 4 * slope / far - 6 * aside / far**2
    return np.where(fits[..., None], np.stack([first, last], axis=-1), np.inf)


def chosen(pushes: Pushes, index: Indices) -> Pushes:
    """Of ``pushes`` those at ``index`` (batch,)."""
    return Pushes(*(column[index] for column in vars(pushes).values()))


def taken(options: Sequence[Pushes], index: Indices) -> Pushes:
    """For each row of ``options``, pushes (batch,) each, the one of the option at ``index`` (batch,)."""
    rows, columns = np.arange(len(index)), zip(*(vars(option).values() for option in options), strict=True)
    return Pushes(*(np.stack(column)[index, rows] for column in columns))


def worth(gap: Array, off: tuple[float, float], bodies: Sequence[Pushed], turns: float) -> tuple[Pushes, Array]:
    """All pushes, and what the best way home that begins with each costs, (batch, k); the least is best.

    ``gap`` (batch, 3) is where each of ``bodies``, all of a size, is in its goal's frame; ``off`` the distance [m] and
    the angle [rad] by which it may be off. A way costs what it is off at its end, as a share of that, and a little for
    each push and its length.
    """
    found = [_worth(row, off, body, turns) for row, body in zip(gap, bodies, strict=True)]
    return bodies[0].pushes(), np.stack(found)


def _worth(gap: Array, off: tuple[float, float], body: Pushed, turns: float) -> Array:
    """As :func:`worth`, for one body, (k,); no further ahead than it takes to come home."""
    pushes = body.pushes()
    ways = body.after(gap, pushes, turns)[:, None]  # (k, kept, 3)
    spent = _spent(gap[None, None], pushes)[0].T  # (k, kept)
    costs = _off(ways, off)[:, 0] + spent[:, 0]
    ways[pushes.ahead < SHORT] = np.nan
    for _ in range(1, DEEPEST):
        if costs.min() <= 1 + spent.min():
            break
        price = (spent[..., None] + _spent(ways, pushes)).reshape(len(ways), -1)  # (k, kept * k)
        ahead = body.after(ways, pushes, turns, bent=LATER).reshape(len(ways), -1, 3)
        costs = np.fmin(costs, (_off(ahead, off) + price).min(axis=-1))
        best = np.argpartition(_apart(ahead, body.half) + price * off[0], KEPT, axis=-1)[:, :KEPT]
        ways, spent = np.take_along_axis(ahead, best[..., None], axis=1), np.take_along_axis(price, best, axis=1)
    return costs


def _spent(gap: Array, pushes: Pushes) -> Array:
    """What each push (..., k) from gaps (..., 3) costs."""
    home = np.linalg.norm(gap[..., :2], axis=-1)[..., None]
    return EACH + LONG * np.where(pushes.bent, home, pushes.ahead)


def _off(gap: Array, off: tuple[float, float]) -> Array:
    """By how much (...,) gaps are off, as shares of what they may; infinite where they lead nowhere."""
    share = np.maximum(np.abs(gap[..., :2]).max(axis=-1) / off[0], np.abs(gap[..., 2]) / off[1])
    return np.where(np.isfinite(share), share, np.inf)


def _apart(gap: Array, half: tuple[float, float]) -> Array:
    """How far (...,) m from home gaps are, about: turning the body takes pushes of its own size."""
    far = np.linalg.norm(gap[..., :2], axis=-1) + np.abs(gap[..., 2]) * friction_radius(half)
    return np.where(np.isfinite(far), far, np.inf)


@cache
def friction_radius(half: tuple[float, float]) -> float:
    """Most torque over most force of friction [m] under a rectangle that stands on its corners, as flat boxes do here,
    and does so a little less than it should, as measured.
    """
    return CORNERS * float(np.hypot(*half))


@cache
def _pushes(half: tuple[float, float]) -> Pushes:
    wide, deep = np.array([half[1], half[0], half[1], half[0]]), np.array([*half, *half])  # of the faces
    rows = list[tuple[int, float, float, float, float, bool]]()
    square = friction_radius(half) ** 2
    for face, (side, depth) in enumerate(zip(wide, deep, strict=True)):
        rows.append((face, 0.0, 0.0, 0.0, 0.0, True))
        rows += [(face, 0.0, float(ahead), 0.0, 0.0, False) for ahead in AHEAD]
        for beside, turn in itertools.product((side - RIM, RIM - side), TURNS):
            # About a point on the other side of the middle, and a little behind it, away from the hand.
            about = np.array([-BEHIND * depth, -square / beside])
            angle = -turn * np.sign(beside)
            cos, sin = np.cos(angle), np.sin(angle)
            ahead, aside = about - np.array([[cos, -sin], [sin, cos]]) @ about
            rows.append((face, float(beside), float(ahead), float(aside), float(angle), False))
    face, *columns, bent = (np.array(column) for column in zip(*rows, strict=True))
    beside, ahead, aside, turn = columns
    return Pushes(face.astype(np.intp), beside, ahead, aside, turn, bent.astype(bool))
