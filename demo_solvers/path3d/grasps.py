"""Grasp candidates on an observed cloud: antipodal in the slot between the fingers, the hand clear of all points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_solvers.path3d.clouds import Array, tree_of
from pipeline.core import poses
from pipeline.core.robot import Gripper
from pipeline.core.streams import stream

YAWS = 12  # headings of the closing axis over half a turn
TILTS = (0.0, 20.0, -20.0, 40.0, -40.0)  # degrees about the closing axis, off the wanted approach
SEEDS = 24  # points of the cloud about which candidates are made
DEPTHS = (0.0, 0.010, 0.020)  # m by which the fingertips reach beyond a seed
SIDE = 0.004  # m behind the outermost point, within which points touch a pad
FEWEST = 3  # points that touch a pad
FACING = 0.75  # cosine between a contact's normal and the closing axis, on average
ROOM = 0.012  # m to spare on each side of the thing when the hand opens
SPARE = 0.006  # m of the stroke that is left
THINNEST = 0.0015  # m between the contacts
SKIN = 0.003  # m about the hand that has to be clear
FLOOR = 0.003  # m between fingertips and the support
PALM = (0.032, 0.104, 0.033)  # m; half sizes that cover a Panda's palm and flange
NORMAL_OF = 10  # neighbours a normal is fitted to
NEARNESS = 0.04  # m off the wanted point at which a grasp loses a third of its score
APART = 0.35  # by how much two candidates differ at least: 1 is 4 cm or 40 degrees
MOST = 500  # points of a thing that candidates are judged on
TOP = 24  # candidates that are kept


@dataclass(frozen=True, eq=False)
class GraspCandidate:
    """A tool pose (7,) in the world, the width between the contacts and how far to open [m], and a score."""

    pose: Array
    width: float
    opening: float
    score: float


def normals(points: Array, k: int = NORMAL_OF) -> Array:
    """Unsigned unit normals (n, 3) of the planes through each point's ``k`` neighbours."""
    _, near = tree_of(points).query(points, k=min(k, len(points)))
    local = points[near] - points[near].mean(axis=1, keepdims=True)
    _, vectors = np.linalg.eigh(np.einsum("nki,nkj->nij", local, local))
    return vectors[:, :, 0]


def grasp_candidates(
    points: Array,
    others: Array,
    gripper: Gripper,
    *,
    wanted: Array,
    floor: float,
    approaches: Sequence[Array] = (np.array([0.0, 0.0, -1.0]),),
    count: int = TOP,
) -> list[GraspCandidate]:
    """Grasps of a thing with surface ``points`` (n, 3), best first, none like another.

    ``others`` (m, 3) are points of everything else that the hand must not touch; ``wanted`` (3,) is the queried part,
    ``floor`` the height of the support. Earlier ``approaches`` (unit vectors) score higher.
    """
    normal = normals(points)
    if len(points) > MOST:
        kept = stream(0, "thinned", len(points)).choice(len(points), MOST, replace=False)
        points, normal = points[kept], normal[kept]
    rng = stream(0, "grasps", len(points))
    seeds = points[rng.choice(len(points), min(SEEDS, len(points)), replace=False)]
    seeds = np.concatenate([wanted[None], seeds])
    found = list[GraspCandidate]()
    for rank, approach in enumerate(approaches):
        origin, frame = _frames(seeds, approach, gripper)
        found += _judged(points, normal, others, gripper, origin, frame, wanted, floor, approach, 0.8**rank)
    return _spread(sorted(found, key=lambda g: -g.score), count)


def _frames(seeds: Array, approach: Array, gripper: Gripper) -> tuple[Array, Array]:
    """Tool origins (n, 3) and frames (n, 3, 3) about the seeds; columns are the tool's axes."""
    side = np.cross(approach, (1.0, 0.0, 0.0) if abs(approach[0]) < 0.9 else (0.0, 1.0, 0.0))
    side /= np.linalg.norm(side)
    up = np.cross(approach, side)
    frames = list[Array]()
    for yaw in np.arange(YAWS) * np.pi / YAWS:
        closing = np.cos(yaw) * side + np.sin(yaw) * up
        across = np.cross(closing, approach)
        for tilt in np.deg2rad(TILTS):
            z = np.cos(tilt) * approach + np.sin(tilt) * across
            frames.append(np.stack([np.cross(closing, z), closing, z], axis=1))
    frame = np.array(frames)
    origins, turned = [], []
    for depth in DEPTHS:
        origin = seeds[:, None] + frame[None, :, :, 2] * (depth - gripper.finger_depth)
        origins.append(origin.reshape(-1, 3))
        turned.append(np.broadcast_to(frame, (len(seeds), *frame.shape)).reshape(-1, 3, 3))
    return np.concatenate(origins), np.concatenate(turned)


def _judged(
    points: Array, normal: Array, others: Array, gripper: Gripper, origin: Array, frame: Array,
    wanted: Array, floor: float, approach: Array, factor: float,
) -> list[GraspCandidate]:  # fmt: skip
    pad, tip = np.array(gripper.pad_half), gripper.finger_depth
    low = lowest_of(frame, gripper)
    kept = np.flatnonzero(origin[:, 2] + low > floor + FLOOR)
    reach = tree_of(points)
    near = reach.query_ball_point(origin[kept], gripper.max_width)
    out = list[GraspCandidate]()
    largest = gripper.max_width - SPARE
    for i, mine in zip(kept, near, strict=True):
        if len(mine) < 2 * FEWEST:
            continue
        index = np.asarray(mine)
        x, y, z = ((points[index] - origin[i]) @ frame[i]).T
        slot = (np.abs(x) < pad[0]) & (z < tip) & (z > tip - 2 * pad[2]) & (np.abs(y) < gripper.max_width / 2)
        if slot.sum() < 2 * FEWEST:
            continue
        sides = y[slot]
        left, right = sides.min(), sides.max()
        width = right - left
        if not THINNEST <= width <= largest:
            continue
        facing = np.abs(normal[index[slot]] @ frame[i][:, 1])
        a, b = sides < left + SIDE, sides > right - SIDE
        if min(a.sum(), b.sum()) < FEWEST or min(facing[a].mean(), facing[b].mean()) < FACING:
            continue
        middle = origin[i] + frame[i][:, 1] * (left + right) / 2
        cover = min(1.0, min(np.ptp(x[slot][a]), np.ptp(x[slot][b])) / pad[0] / 1.2) * 0.5
        cover += min(1.0, min(np.ptp(z[slot][a]), np.ptp(z[slot][b])) / pad[2] / 1.2) * 0.5
        square = min(facing[a].mean(), facing[b].mean())
        off = np.linalg.norm(middle + frame[i][:, 2] * tip * 0.5 - wanted)
        score = cover * square**2 * np.exp(-off / NEARNESS / 2.5) * (0.6 + 0.4 * frame[i][:, 2] @ approach) * factor
        out.append(
            GraspCandidate(poses.pose(middle, poses.matrix_to_quat(frame[i])), float(width), float(width), float(score))
        )
    out.sort(key=lambda g: -g.score)
    return _clear(out, points, others, gripper)


def _clear(ranked: list[GraspCandidate], points: Array, others: Array, gripper: Gripper) -> list[GraspCandidate]:
    """Those of the grasps, at most TOP times four, whose open hand is clear of everything, with their opening."""
    kept = list[GraspCandidate]()
    everything = np.concatenate([points, others])
    tree = tree_of(everything)
    for grasp in ranked:
        if len(kept) >= 4 * TOP:
            break
        index = np.asarray(tree.query_ball_point(grasp.pose[:3], 0.22), np.intp)
        near, foreign = everything[index], everything[index[index >= len(points)]]
        for room in (ROOM, ROOM / 2.5):
            opening = min(gripper.max_width, grasp.width + 2 * room)
            if hand_clear(near, grasp.pose, gripper, opening) and not pinches(foreign, grasp, gripper):
                kept.append(GraspCandidate(grasp.pose, grasp.width, opening, grasp.score))
                break
    return kept


def hand_clear(points: Array, pose: Array, gripper: Gripper, opening: float) -> bool:
    """Whether no point (n, 3) lies in the fingers, open by ``opening`` m, or in the palm of a tool at ``pose`` (7,)."""
    x, y, z = ((points - pose[:3]) @ poses.quat_to_matrix(pose[3:])).T
    pad, tip, y = np.array(gripper.pad_half), gripper.finger_depth, np.abs(y)
    finger = (np.abs(x) < pad[0] + SKIN) & (z < tip + SKIN) & (z > -gripper.palm_clearance)
    finger &= (y > opening / 2 - 1e-9) & (y < opening / 2 + 2 * pad[1] + 2 * SKIN)
    back = z + gripper.palm_clearance
    palm = (np.abs(x) < PALM[0] + SKIN) & (y < PALM[1] + SKIN) & (back < SKIN) & (back > -2 * PALM[2])
    return not (finger.any() or palm.any())


def pinches(points: Array, grasp: GraspCandidate, gripper: Gripper) -> bool:
    """Whether points (n, 3) of other things lie between the pads of a closed hand, so that it would take them too."""
    x, y, z = ((points - grasp.pose[:3]) @ poses.quat_to_matrix(grasp.pose[3:])).T
    pad, tip = np.array(gripper.pad_half), gripper.finger_depth
    between = (np.abs(x) < pad[0]) & (np.abs(y) < grasp.width / 2 + SKIN) & (z < tip) & (z > tip - 2 * pad[2])
    return int(between.sum()) >= FEWEST


def lowest_of(frame: Array, gripper: Gripper) -> Array:
    """How far (n,) m the open fingers and the palm reach below the tool's origin, negative downwards."""
    pad, tip = gripper.pad_half, gripper.finger_depth
    reach, back = gripper.max_width / 2 + 2 * pad[1], -gripper.palm_clearance
    corners = [(x * pad[0], y, tip) for x in (-1, 1) for y in (-reach, reach)]
    corners += [(x * PALM[0], y * PALM[1], z) for x in (-1, 1) for y in (-1, 1) for z in (back, back - 2 * PALM[2])]
    corners = np.array(corners)
    return np.einsum("nj,kj->nk", frame[:, 2], corners).min(axis=1)


def _spread(ranked: list[GraspCandidate], count: int) -> list[GraspCandidate]:
    kept = list[GraspCandidate]()
    for grasp in ranked:
        if len(kept) == count:
            break
        if all(_distance(grasp, other) > APART for other in kept):
            kept.append(grasp)
    return kept


def _distance(a: GraspCandidate, b: GraspCandidate) -> float:
    """1 is 4 cm or 40 degrees; a hand turned half about its approach is the same hand."""
    fa, fb = poses.quat_to_matrix(a.pose[3:]), poses.quat_to_matrix(b.pose[3:])
    turn = max(np.arccos(np.clip(fa[:, 2] @ fb[:, 2], -1, 1)), np.arccos(np.clip(np.abs(fa[:, 1] @ fb[:, 1]), 0, 1)))
    return float(np.linalg.norm(a.pose[:3] - b.pose[:3]) / 0.04 + np.rad2deg(turn) / 40)


def twin(grasp: GraspCandidate) -> GraspCandidate:
    """The same grasp with the hand turned half about its approach."""
    turned: NDArray[np.float64] = poses.quat_multiply(grasp.pose[3:], (0.0, 0.0, 0.0, 1.0))
    return GraspCandidate(poses.pose(grasp.pose[:3], turned), grasp.width, grasp.opening, grasp.score)
