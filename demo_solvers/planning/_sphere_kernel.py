"""Compiled sphere model of a robot in a scene: where its spheres are at a configuration, and distances of one sphere.

Spheres come in groups that move as one: the links of the arm, its tool link, the base, its fingers, and what is held.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from demo_solvers.planning._chain import Array, Chain, follow_link, place_links
from demo_solvers.planning._kernel import kernel

Index = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Body(NamedTuple):
    """The robot: its chain, ``spheres`` (s, 4) m in the frames of their groups, group g from ``first[g]`` to before
    ``first[g + 1]``, and ``pairs`` (p, 2) of groups that may not touch. ``relief`` (p,) m is by how much the spheres
    of a pair are larger than they need be for that.

    Groups are the n links, the tool link (n), and the base (n + 1); fingers (n + 2) and the held object (n + 3) differ
    between worlds and come with the :class:`Scene`.
    """

    chain: Chain
    spheres: Array
    first: Index
    pairs: Index
    relief: Array


class Scene(NamedTuple):
    """Worlds: T_world_base ``base`` (worlds, 4, 4), finger spheres (worlds, f, 4) in the tool frame, and obstacles.

    An obstacle is a box of ``half`` (b, 3) sizes, grown by ``round`` (b,) m on all sides, at ``centre`` (worlds, b, 3)
    and turned by ``turn`` (worlds, b, 3, 3).
    """

    base: Array
    fingers: Array
    centre: Array
    turn: Array
    half: Array
    round: Array


class Question(NamedTuple):
    """What is asked: of worlds ``rows`` (k,), with held spheres (k, h, 4), with which obstacles and with what else.

    ``keep`` (b,) flags obstacles that count; ``scene`` and ``itself`` say whether these are looked at; nothing further
    away than ``limit`` m matters.
    """

    rows: Index
    held: Array
    keep: Flags
    scene: bool
    itself: bool
    limit: float


class Work(NamedTuple):
    """Room for one configuration: frames, the spheres in the base frame, and bounding spheres of the groups."""

    turn: Array
    spot: Array
    group_turn: Array
    group_spot: Array
    local: Array
    first: Index
    bound: Array
    ball: Array
    placed: Array


@kernel
def make_work(body: Body, scene: Scene, asked: Question) -> Work:
    """Room for the configurations of one call."""
    n = len(body.chain.axis)
    groups = n + 4
    count = len(body.spheres) + scene.fingers.shape[1] + asked.held.shape[1]
    return Work(
        np.empty((n, 3, 3)), np.empty((n, 3)), np.empty((groups, 3, 3)), np.empty((groups, 3)), np.empty((count, 4)),
        np.empty(groups + 1, np.int64), np.empty((groups, 4)), np.empty((groups, 4)), np.empty((count, 4)),
    )  # fmt: skip


@kernel
def gather(body: Body, scene: Scene, asked: Question, i: int, work: Work) -> None:
    """Collect the spheres of question row ``i`` by group, with bounding spheres; those without a size are left out."""
    fixed, groups = len(body.first) - 1, len(work.bound)
    count = 0
    for g in range(groups):
        work.first[g] = count
        if g < fixed:
            count = _take(body.spheres[body.first[g] : body.first[g + 1]], work.local, count)
        elif g == fixed:
            count = _take(scene.fingers[asked.rows[i]], work.local, count)
        else:
            count = _take(asked.held[i], work.local, count)
        _bound(work.local[work.first[g] : count], work.bound[g])
    work.first[groups] = count


@kernel
def _take(spheres: Array, out: Array, count: int) -> int:
    for s in range(len(spheres)):
        if spheres[s, 3] > 0:
            out[count] = spheres[s]
            count += 1
    return count


@kernel
def _bound(spheres: Array, out: Array) -> None:
    """Write a sphere around spheres: about the middle of their extent."""
    out[:] = 0.0
    if not len(spheres):
        return
    for a in range(3):
        low, high = np.inf, -np.inf
        for s in range(len(spheres)):
            low, high = min(low, spheres[s, a] - spheres[s, 3]), max(high, spheres[s, a] + spheres[s, 3])
        out[a] = (low + high) / 2
    for s in range(len(spheres)):
        gap = 0.0
        for a in range(3):
            gap += (spheres[s, a] - out[a]) ** 2
        out[3] = max(out[3], np.sqrt(gap) + spheres[s, 3])


@kernel
def place(body: Body, base: Array, q: Array, work: Work) -> None:
    """Write the frames of all groups in the world at joints ``q`` (n,), and where their bounding spheres are."""
    n = len(q)
    place_links(body.chain, q, work.turn, work.spot)
    for g in range(n):
        _into(base, work.turn[g], work.spot[g], work.group_turn[g], work.group_spot[g])
    last_turn, last = work.group_turn[n - 1], work.group_spot[n - 1]
    follow_link(last_turn, last, body.chain.flange, work.group_turn[n], work.group_spot[n])
    work.group_turn[n + 1], work.group_spot[n + 1] = base[:3, :3], base[:3, 3]
    follow_link(last_turn, last, body.chain.tool, work.group_turn[n + 2], work.group_spot[n + 2])
    work.group_turn[n + 3], work.group_spot[n + 3] = work.group_turn[n + 2], work.group_spot[n + 2]
    for g in range(n + 4):
        _move(work.group_turn[g], work.group_spot[g], work.bound[g], work.ball[g])


@kernel
def _into(base: Array, turn: Array, spot: Array, turn_out: Array, spot_out: Array) -> None:
    for a in range(3):
        spot_out[a] = base[a, 3] + base[a, 0] * spot[0] + base[a, 1] * spot[1] + base[a, 2] * spot[2]
        for b in range(3):
            turn_out[a, b] = base[a, 0] * turn[0, b] + base[a, 1] * turn[1, b] + base[a, 2] * turn[2, b]


@kernel
def _move(turn: Array, spot: Array, sphere: Array, out: Array) -> None:
    for a in range(3):
        out[a] = spot[a] + turn[a, 0] * sphere[0] + turn[a, 1] * sphere[1] + turn[a, 2] * sphere[2]
    out[3] = sphere[3]


@kernel
def spread(work: Work, g: int) -> None:
    """Write the spheres of group ``g`` in the world."""
    for s in range(work.first[g], work.first[g + 1]):
        _move(work.group_turn[g], work.group_spot[g], work.local[s], work.placed[s])


@kernel
def between(a: Array, b: Array) -> float:
    """Distance m of two spheres (4,)."""
    return np.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2) - a[3] - b[3]


@kernel
def to_box(scene: Scene, row: int, b: int, sphere: Array) -> float:
    """Distance m of a sphere (4,) to an obstacle; negative inside it."""
    centre = scene.centre[row, b]
    x, y, z = sphere[0] - centre[0], sphere[1] - centre[1], sphere[2] - centre[2]
    outside, deepest = 0.0, -np.inf
    for a in range(3):
        local = x * scene.turn[row, b, 0, a] + y * scene.turn[row, b, 1, a] + z * scene.turn[row, b, 2, a]
        excess = abs(local) - scene.half[b, a]
        outside += max(excess, 0.0) ** 2
        deepest = max(deepest, excess)
    return np.sqrt(outside) + min(deepest, 0.0) - scene.round[b] - sphere[3]
