"""Grasp candidates: antipodal contacts of a parallel jaw on convex pieces, filtered by the hand's shape, well spread.

Contacts are judged on the convex pieces, because those are what an engine collides; points of the visual mesh are
added where the hand must stay clear.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.annotation.solids import Solids
from assets.values import pose7
from pipeline.core.geometry import Grasp, Vec3
from pipeline.core.poses import matrix_to_quat, quat_multiply
from pipeline.core.robot import Gripper

Array = NDArray[np.float64]
PALM_HALF = (0.032, 0.104, 0.033)  # m; covers the Panda's hand and the flange behind it
PAD_GRID = (-0.007, 0.0, 0.007)  # m; nine rays a pad
FRICTION_CONE = np.cos(np.arctan(0.5))
SKIN = 0.0015  # m; the surface may be this much nearer than the nine rays saw
CLEARANCE = 0.003  # m; between fingertips and table
FLAT = 0.003  # m; a ray within this distance of the outermost one touches the pad
STAND_BACK = (0.0, 0.004, 0.008)  # m; flat objects are held by the lower edge of the pads, fingertips off the table
MISS = 1.0  # m; beyond any opening
HALF_TURN_Z = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Approach:
    """From where the hand may come, in the body frame."""

    direction: Vec3 = (0.0, 0.0, -1.0)
    tilts: tuple[float, ...] = (0.0, 15.0, -15.0, 30.0, -30.0, 45.0, -45.0)  # degrees about the closing axis
    limit: float = 50.0  # degrees off ``direction``
    floor: float | None = 0.0  # m; height of the table under the resting object


@dataclass(frozen=True, eq=False)
class _Candidates:
    origin: Array  # (n, 3)  tool point
    frame: Array  # (n, 3, 3)  columns x, y, z of the tool
    width: Array  # (n,)
    cover: Array  # (n,)  share of the pads that touches

    def keep(self, mask: NDArray[np.bool_]) -> _Candidates:
        return _Candidates(self.origin[mask], self.frame[mask], self.width[mask], self.cover[mask])

    def thinned(self, count: int) -> _Candidates:
        """An even choice of at most ``count``: the farthest-point choice at the end needs no more."""
        index = (
            np.unique(np.linspace(0, len(self.origin) - 1, count).astype(int))
            if len(self.origin) > count
            else slice(None)
        )
        return _Candidates(self.origin[index], self.frame[index], self.width[index], self.cover[index])


def sample_grasps(
    solids: Solids,
    gripper: Gripper,
    *,
    approaches: tuple[Approach, ...] = (Approach(),),
    obstacles: Array | None = None,
    max_width: float = 0.072,
    count: int = 48,
    samples: int = 800,
    seed: int = 0,
) -> tuple[Grasp, ...]:
    """At most ``count`` grasps of ``solids``, best first, each followed by its twin turned half about the approach.

    ``obstacles`` (n, 3) are further points that the open hand must not touch. Earlier ``approaches`` come first and
    score higher. Contacts lie in the friction cone of both sides (coefficient 0.5) and at most ``max_width`` [m] apart.
    """
    points, normals = solids.surface(samples, seed=seed)
    body, _ = solids.surface(5000, seed=seed + 100)
    clear = body if obstacles is None else np.concatenate([body, obstacles])
    contacts = _antipodal(solids, points, normals, max_width)
    found: list[Grasp] = []
    for rank, approach in enumerate(approaches):
        candidates = _poses(*contacts, approach)
        candidates = candidates.keep(_above_floor(candidates, gripper, approach.floor)).thinned(2500)
        candidates = _measured(solids, candidates, gripper, max_width).thinned(800)
        candidates = candidates.keep(_free(candidates, clear, gripper))
        share = count // 2 if rank == 0 else count // 4
        room = min(share, count // 2 - len(found) // 2)
        found += _chosen(candidates, _scores(candidates, solids, approach) * 0.8**rank, room)
    return tuple(sorted(found, key=lambda g: -g.score))


def _antipodal(solids: Solids, points: Array, normals: Array, max_width: float) -> tuple[Array, Array]:
    """Midpoints (n, 3) and closing axes (n, 3) of contact pairs inside both friction cones."""
    enter, leave, _, out = solids.cast(points, -normals)
    end, facing = np.zeros(len(points)), -normals
    for _ in range(len(solids.pieces)):  # pieces that overlap or touch are one solid
        joined = (enter <= end + 1e-3) & (leave > end)
        best = np.where(joined, leave, -np.inf).argmax(axis=0)
        rows = np.arange(len(points))
        grows = joined[best, rows]
        end = np.where(grows, leave[best, rows], end)
        facing = np.where(grows[:, None], out[best, rows], facing)
    good = (end > 0.003) & (end <= max_width) & (np.einsum("ij,ij->i", facing, -normals) > FRICTION_CONE)
    return (points - normals * end[:, None] / 2)[good], -normals[good]


def _poses(middle: Array, closing: Array, approach: Approach) -> _Candidates:
    """Tool frames: +y closes, +z approaches within the limit of the wanted direction."""
    wanted = np.array(approach.direction, float)
    along = wanted - closing * (closing @ wanted)[:, None]
    size = np.linalg.norm(along, axis=1)
    usable = size > 0.5
    middle, closing, along = middle[usable], closing[usable], along[usable] / size[usable, None]
    across = np.cross(closing, along)
    origins, frames = [], []
    for tilt in np.radians(approach.tilts):
        z = np.cos(tilt) * along + np.sin(tilt) * across
        for back in STAND_BACK:
            origins.append(middle - back * z)
            frames.append(np.stack([np.cross(closing, z), closing, z], axis=-1))
    origin, frame = np.concatenate(origins), np.concatenate(frames)
    near = frame[:, :, 2] @ wanted >= np.cos(np.radians(approach.limit)) - 1e-9
    ones = np.ones(int(near.sum()))
    return _Candidates(origin[near], frame[near], ones, ones)


def _measured(solids: Solids, c: _Candidates, gripper: Gripper, max_width: float) -> _Candidates:
    """Close the pads along nine lines each: width, centre between the contacts, share of the pads that touches."""
    offsets = np.array([(x, 0.0, z) for x in PAD_GRID for z in PAD_GRID])
    starts = c.origin[:, None] + np.einsum("nij,kj->nki", c.frame, offsets)
    lines = np.repeat(c.frame[:, :, 1], len(offsets), axis=0)
    enter, leave, normal_in, normal_out = solids.cast(starts.reshape(-1, 3), lines)
    hit = (enter < leave) & (leave > -gripper.max_width / 2) & (enter < gripper.max_width / 2)
    rows = np.arange(lines.shape[0])
    first, last = np.where(hit, enter, MISS), np.where(hit, leave, -MISS)
    a, b = first.argmin(axis=0), last.argmax(axis=0)
    shape = (len(c.origin), len(offsets))
    low, high = first[a, rows].reshape(shape), last[b, rows].reshape(shape)
    faces_in = (-np.einsum("ij,ij->i", normal_in[a, rows], lines) > FRICTION_CONE).reshape(shape)
    faces_out = (np.einsum("ij,ij->i", normal_out[b, rows], lines) > FRICTION_CONE).reshape(shape)
    left, right = low.min(axis=1), high.max(axis=1)
    touch = (
        ((low - left[:, None] < FLAT) & faces_in).mean(axis=1),
        ((right[:, None] - high < FLAT) & faces_out).mean(axis=1),
    )
    cover, width = np.minimum(*touch), right - left
    good = (width > 0) & (width <= max_width) & (cover >= 0.3)
    middle = np.where(good, (left + right) / 2, 0.0)
    return _Candidates(c.origin + c.frame[:, :, 1] * middle[:, None], c.frame, width, cover).keep(good)


def _free(c: _Candidates, points: Array, gripper: Gripper) -> NDArray[np.bool_]:
    """Whether neither the fingers on their way from fully open to contact nor the palm meets a point."""
    finger, tip = np.array(gripper.pad_half), gripper.finger_depth
    palm = np.array(PALM_HALF)
    ok = np.ones(len(c.origin), bool)
    for i in range(len(ok)):
        x, y, z = ((points - c.origin[i]) @ c.frame[i]).T
        y = np.abs(y)
        slot = (np.abs(x) < finger[0]) & (z < tip) & (z > tip - 2 * finger[2])
        swept = slot & (y > c.width[i] / 2 + SKIN) & (y < gripper.max_width / 2 + 2 * finger[1])
        back = z + gripper.palm_clearance
        palmed = (np.abs(x) < palm[0]) & (y < palm[1]) & (back < 0) & (back > -2 * palm[2])
        ok[i] = not (swept.any() or palmed.any())
    return ok


def _above_floor(c: _Candidates, gripper: Gripper, floor: float | None) -> NDArray[np.bool_]:
    """Whether the open hand stays clear of the table."""
    if floor is None:
        return np.ones(len(c.origin), bool)
    corners = _hand_corners(gripper)
    lowest = c.origin[:, 2] + np.einsum("nj,kj->nk", c.frame[:, 2], corners).min(axis=1)
    return lowest > floor + CLEARANCE


def _hand_corners(gripper: Gripper) -> Array:
    """Corners (16, 3) of the open fingers and of the palm in the tool frame."""
    reach = gripper.max_width / 2 + 2 * gripper.pad_half[1]
    low = gripper.finger_depth - 2 * gripper.pad_half[2]
    fingers = [(x, y, z) for x in (-1, 1) for y in (-reach, reach) for z in (low, gripper.finger_depth)]
    palm = [(x, y, -gripper.palm_clearance) for x in (-1, 1) for y in (-PALM_HALF[1], PALM_HALF[1])]
    return np.array(
        [(x * gripper.pad_half[0], y, z) for x, y, z in fingers] + [(x * PALM_HALF[0], y, z) for x, y, z in palm]
    )


def _scores(c: _Candidates, solids: Solids, approach: Approach) -> Array:
    """In [0, 1]: pads that touch, close to the centre of mass, straight approach, room left in the opening."""
    offset = np.linalg.norm(c.origin - solids.centre, axis=1)
    straight = c.frame[:, :, 2] @ np.array(approach.direction, float)
    room = np.clip((0.08 - c.width) / 0.02, 0, 1)
    return c.cover * (0.35 + 0.35 * np.exp(-((offset / 0.04) ** 2)) + 0.2 * straight + 0.1 * room)


def _chosen(c: _Candidates, scores: Array, count: int) -> list[Grasp]:
    """Greedy farthest-point choice weighted by score, with half-turn twins."""
    kept: list[Grasp] = []
    spread = np.full(len(scores), 1.0)
    for _ in range(min(count, len(scores))):
        best = int(np.argmax(scores * np.minimum(spread, 1.0)))
        if spread[best] < 0.15:
            break
        kept += _twins(c, best, float(scores[best]))
        spread = np.minimum(spread, _distance(c, best))
    return kept


def _distance(c: _Candidates, index: int) -> Array:
    """Pose distance (n,) in units of 4 cm or 40 degrees; a half turn about the approach counts as the same grasp."""
    gap = np.linalg.norm(c.origin - c.origin[index], axis=1) / 0.04
    z = np.clip(c.frame[:, :, 2] @ c.frame[index, :, 2], -1, 1)
    y = np.clip(np.abs(c.frame[:, :, 1] @ c.frame[index, :, 1]), 0, 1)
    return gap + np.degrees(np.maximum(np.arccos(z), np.arccos(y))) / 40


def _twins(c: _Candidates, index: int, score: float) -> list[Grasp]:
    quat = matrix_to_quat(c.frame[index])
    width, score = float(c.width[index]), min(score, 1.0)
    both = (quat, quat_multiply(quat, HALF_TURN_Z))
    return [Grasp(pose=pose7(c.origin[index], turned), width=width, score=score) for turned in both]
