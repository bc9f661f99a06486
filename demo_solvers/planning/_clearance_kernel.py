"""Compiled clearance of arm configurations: spheres of the robot against rounded boxes of the scene and one another.

A group of spheres is skipped where its bounding sphere is further away than the nearest pair so far; that changes no
result.
"""

from __future__ import annotations

import numpy as np

from demo_solvers.planning._chain import Array
from demo_solvers.planning._kernel import kernel
from demo_solvers.planning._sphere_kernel import (
    Body,
    Index,
    Question,
    Scene,
    Work,
    between,
    gather,
    make_work,
    place,
    spread,
    to_box,
)


@kernel
def nearest_rows(body: Body, scene: Scene, asked: Question, q: Array, distance: Array, pair: Index) -> None:
    """Write the smallest distance (k, t) m at ``q`` (k, t, n), and between which group and obstacle (k, t, 2).

    Obstacles count from 0; group g as the second of a pair is -1 - g. A pair of -1000 means nothing within the limit.
    """
    work = make_work(body, scene, asked)
    for i in range(q.shape[0]):
        gather(body, scene, asked, i, work)
        for t in range(q.shape[1]):
            distance[i, t] = nearest(body, scene, asked, i, q[i, t], work, pair[i, t])


@kernel
def first_hit_rows(body: Body, scene: Scene, asked: Question, q: Array, slack: float) -> Index:
    """Index of the first configuration (k,) of ``q`` (k, t, n) that is nearer than ``slack`` m, or t."""
    work = make_work(body, scene, asked)
    pair = np.empty(2, np.int64)
    hit = np.full(q.shape[0], q.shape[1], np.int64)
    for i in range(q.shape[0]):
        gather(body, scene, asked, i, work)
        for t in range(q.shape[1]):
            if nearest(body, scene, asked, i, q[i, t], work, pair) < slack:
                hit[i] = t
                break
    return hit


@kernel
def first_hit_swept(
    body: Body, scene: Scene, asked: Question, q: Array, slack: float, reach: Array, step: float
) -> Index:
    """As :func:`first_hit_rows` along the straight lines between the configurations, told by the line's end."""
    work = make_work(body, scene, asked)
    hit = np.empty(q.shape[0], np.int64)
    for i in range(q.shape[0]):
        gather(body, scene, asked, i, work)
        hit[i] = sweep(body, scene, asked, i, q[i], slack, reach[i], step, work)
    return hit


@kernel
def sweep(
    body: Body, scene: Scene, asked: Question, i: int, q: Array, slack: float, reach: Array, step: float, work: Work
) -> int:
    """One row of :func:`first_hit_swept`, by conservative advancement.

    No point of the robot moves further than the joint travels weighted with ``reach`` (n,) m/rad, so that a step of the
    present clearance cannot pass through anything; steps are at least ``step`` m. A start that is nearer than ``slack``
    is forgiven up to the second configuration, as long as it gets no worse.
    """
    pair, at = np.empty(2, np.int64), np.empty(q.shape[1])
    room = nearest(body, scene, asked, i, q[0], work, pair)
    least = min(slack, room - 1e-6)
    for t in range(1, q.shape[0]):
        length, gone = 0.0, 0.0
        for j in range(q.shape[1]):
            length += reach[j] * abs(q[t, j] - q[t - 1, j])
        while gone < length:
            gone += max(step, room - least)
            share = min(1.0, gone / length)
            for j in range(q.shape[1]):
                at[j] = q[t - 1, j] + share * (q[t, j] - q[t - 1, j])
            room = nearest(body, scene, asked, i, at, work, pair)
            if room < (slack if share == 1.0 else least):
                return t
        least = slack
    return q.shape[0]


@kernel
def nearest(body: Body, scene: Scene, asked: Question, i: int, q: Array, work: Work, pair: Index) -> float:
    """The smallest distance m at joints ``q`` (n,) of question row ``i``, and its pair (2,)."""
    n, row, best = len(q), asked.rows[i], asked.limit
    pair[0], pair[1] = 0, -1000
    place(body, scene.base[row], q, work)
    for g in range(n + 4):
        spread(work, g)
    if asked.scene:
        for g in range(n + 4):
            if g == n + 1 or work.first[g] == work.first[g + 1]:
                continue
            for b in range(len(asked.keep)):
                if not asked.keep[b]:
                    continue
                if to_box(scene, row, b, work.ball[g]) >= best:
                    continue
                for s in range(work.first[g], work.first[g + 1]):
                    gap = to_box(scene, row, b, work.placed[s])
                    if gap < best:
                        best, pair[0], pair[1] = gap, g, b
    if asked.itself:
        for p in range(len(body.pairs)):
            gap = pair_distance(body, p, work, best)
            if gap < best:
                best, pair[0], pair[1] = gap, body.pairs[p, 0], -1 - body.pairs[p, 1]
    return best


@kernel
def pair_distance(body: Body, p: int, work: Work, limit: float) -> float:
    """Distance m of the groups of pair ``p``, or ``limit`` where it is not less."""
    one, two = body.pairs[p, 0], body.pairs[p, 1]
    best = limit - body.relief[p]
    if work.first[one] == work.first[one + 1] or work.first[two] == work.first[two + 1]:
        return limit
    if between(work.ball[one], work.ball[two]) >= best:
        return limit
    for s in range(work.first[one], work.first[one + 1]):
        if between(work.placed[s], work.ball[two]) < best:
            for r in range(work.first[two], work.first[two + 1]):
                best = min(best, between(work.placed[s], work.placed[r]))
    return best + body.relief[p]


@kernel
def pair_distances(body: Body, scene: Scene, asked: Question, q: Array, out: Array) -> None:
    """Write the distance (k, p) m of every pair at joints ``q`` (k, n), in the world of the first question row."""
    work = make_work(body, scene, asked)
    gather(body, scene, asked, 0, work)
    for i in range(len(q)):
        place(body, scene.base[asked.rows[0]], q[i], work)
        for g in range(len(work.ball)):
            spread(work, g)
        for p in range(len(body.pairs)):
            out[i, p] = pair_distance(body, p, work, asked.limit)
