"""Settling: let physics have its way with scenes before anyone works in them, and say which stay as laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.doors import Simulator
from pipeline.core.geometry import Pose7
from pipeline.core.poses import quat_rotate
from pipeline.core.scene import SceneSpec
from pipeline.core.world import Actions, WorldState, WorldTrace
from pipeline.predicates.at_rest import at_rest

SECONDS = 1.0
MOVED = 0.02  # m
TIPPED = 15.0  # degrees, of the axis that pointed up
THROWN = 1.0  # m/s, sideways or up: what topples in place stays below it, what is pushed out of another thing does not
SUNK = 0.005  # m: softer contacts than any of ours; what sinks further is going through


@dataclass(frozen=True, eq=False)
class Settled:
    """Scenes with the poses and joints they came to rest in, and for each why it would not do (empty when it would).

    ``culprits`` names the object, or the relation, that each reason is about; ``thrown`` (scenes,) says where
    something flew off, as things do that overlap.
    """

    scenes: tuple[SceneSpec, ...]
    reasons: tuple[str, ...]
    culprits: tuple[str, ...]
    moved: NDArray[np.float64]  # (scenes, free objects)  m
    thrown: NDArray[np.bool_]  # (scenes,)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Which settled as laid out, (scenes,)."""
        return np.array([not why for why in self.reasons], bool)

    def with_rows(self, rows: Sequence[int], other: Settled) -> Settled:
        """The same with these rows taken from ``other``, which has as many."""

        def chosen(mine: Sequence[Any], others: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(others[i] if i in rows else one for i, one in enumerate(mine))

        return Settled(
            chosen(self.scenes, other.scenes),
            chosen(self.reasons, other.reasons),
            chosen(self.culprits, other.culprits),
            np.where(np.isin(np.arange(len(self.moved)), rows)[:, None], other.moved, self.moved),
            np.where(np.isin(np.arange(len(self.thrown)), rows), other.thrown, self.thrown),
        )

    def refused(self, rows: NDArray[np.bool_], why: str, culprit: str) -> Settled:
        """The same with a reason for these rows (scenes,), unless they have one."""
        fresh = [bool(row) and not had for row, had in zip(rows, self.reasons, strict=True)]
        reasons = tuple(why if new else had for new, had in zip(fresh, self.reasons, strict=True))
        culprits = tuple(culprit if new else had for new, had in zip(fresh, self.culprits, strict=True))
        return replace(self, reasons=reasons, culprits=culprits)


def settle(scenes: Sequence[SceneSpec], simulator: Simulator, *, seconds: float = SECONDS) -> Settled:
    """Run scenes of one build key with the robot holding still.

    A row fails, with its first reason, when a free object moved more than 2 cm, tipped more than 15 degrees, sank more
    than 5 mm into what carries it, fell off, or still moves at the end.
    """
    before = simulator.load([scene.physics_only() for scene in scenes])
    trace = simulator.run(hold_still(scenes, seconds))
    after = trace.at(-1)
    free = [p.name for p in scenes[0].placements if not p.asset.fixed]
    moved = np.stack([_moved(before, after, n) for n in free], axis=-1) if free else np.zeros((len(scenes), 0))
    reasons, culprits = [""] * len(scenes), [""] * len(scenes)
    for column, name in enumerate(free):
        for failed, why in _judge(before, after, name, moved[:, column]):
            for row in np.flatnonzero(failed):
                if not reasons[row]:
                    reasons[row], culprits[row] = why.format(cm=moved[row, column] * 100), name
    rested = tuple(_rested(s, after.rows(slice(i, i + 1)), free) for i, s in enumerate(scenes))
    return Settled(rested, tuple(reasons), tuple(culprits), moved, thrown(trace, free))


def thrown(trace: WorldTrace, free: Sequence[str]) -> NDArray[np.bool_]:
    """Where one of the free objects was at any time faster than 1 m/s sideways or up, (batch,)."""
    columns = [trace.flat.layout.body(name) for name in free]
    velocity = trace.flat.velocity[:, columns, :3].astype(float)
    velocity[..., 2] = np.maximum(velocity[..., 2], 0.0)
    fast = (np.linalg.norm(velocity, axis=-1) > THROWN).any(axis=-1)
    return fast.reshape(trace.time, trace.batch).any(axis=0)


def hold_still(scenes: Sequence[SceneSpec], seconds: float) -> Actions:
    """Actions (time, batch, dof) float32 that keep every robot where it starts."""
    steps = max(1, round(seconds * scenes[0].physics.control_hz))
    start = np.array([s.robot_start for s in scenes], np.float32)
    return np.repeat(start[None], steps, axis=0)


def _judge(
    before: WorldState, after: WorldState, name: str, moved: NDArray[np.float64]
) -> Sequence[tuple[NDArray[np.bool_], str]]:
    """Every test of one object: which rows (batch,) fail it, and what to say."""
    drop = (before.body(name)[:, 2] - after.body(name)[:, 2]).astype(float)
    tipped = _tilt(before, after, name) > TIPPED
    sinks = (drop > SUNK) & (np.abs(after.velocity[:, after.layout.body(name), 2]) > SUNK)
    return (
        (after.body(name)[:, 2] < before.body(name)[:, 2] - 0.1, f"{name!r} fell {{cm:.0f}} cm."),
        (tipped, f"{name!r} tipped more than {TIPPED:.0f} degrees."),
        (moved > MOVED, f"{name!r} moved {{cm:.1f}} cm; at most {MOVED * 100:.0f} are allowed."),
        (sinks, f"{name!r} sinks into what carries it."),
        (~at_rest(after, name), f"{name!r} did not come to rest."),
    )


def _tilt(before: WorldState, after: WorldState, name: str) -> NDArray[np.float64]:
    """Degrees (batch,) by which the direction that pointed up has turned away from it."""
    start, end = (world.body(name)[:, 3:].astype(float) for world in (before, after))
    upwards = quat_rotate(start * np.array([1.0, -1.0, -1.0, -1.0]), np.array([0.0, 0.0, 1.0]))
    return np.degrees(np.arccos(np.clip(quat_rotate(end, upwards)[:, 2], -1.0, 1.0)))


def _moved(before: WorldState, after: WorldState, name: str) -> NDArray[np.float64]:
    return np.linalg.norm(after.body(name)[:, :3] - before.body(name)[:, :3], axis=-1).astype(np.float64)


def _rested(scene: SceneSpec, world: WorldState, free: Sequence[str]) -> SceneSpec:
    """The scene with one world's poses and joints written into it; joints stay inside their limits."""
    joints = {
        p.name: {
            j.name: float(np.clip(world.joint_position(f"{p.name}/{j.name}")[0], j.lower, j.upper))
            for j in p.asset.joints
        }
        for p in scene.placements
        if p.asset.joints
    }
    return scene.with_placements({name: _pose7(world.body(name)[0]) for name in free}, joints)


def _pose7(pose: NDArray[np.floating]) -> Pose7:
    x, y, z, qw, qx, qy, qz = (float(v) for v in pose)
    return (x, y, z, qw, qx, qy, qz)
