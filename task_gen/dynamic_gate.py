"""The dynamic gate: scenes settle, and the goal is false at reset, false on doing nothing, true when staged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.core.doors import SceneBuilder, Simulator, Unplaceable
from pipeline.core.errors import InvalidInputError
from pipeline.core.geometry import Pose7
from pipeline.core.goal import Atom, Goal, literals
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from pipeline.core.world import Actions, WorldState
from pipeline.holds import holds, parse
from pipeline.predicates.at_rest import at_rest
from task_gen.reasons import Code, Reason, by_code

SETTLE = 1.0  # s
STAGE = 1.5  # s for a staged goal to settle
HELD = 0.5  # s that the goal must then hold without a break
MOVED = 0.02  # m
CHUNK = 1.0  # s of doing nothing between two looks
STILL = 0.001  # m: the drift over the rest of the horizon below which waiting on can change nothing
SURVIVE = 0.5  # share of scenes that must pass


@dataclass(frozen=True, eq=False)
class DynamicVerdict:
    """What physics says of a task in its scenes.

    ``scenes`` are all scenes with settled poses; ``mask`` (scenes,) says which passed; ``reasons`` holds one
    for every scene that did not; when too few did, the first is the task's, with the code of most of its scenes.
    """

    ok: bool
    reasons: tuple[Reason, ...]
    scenes: tuple[SceneSpec, ...]
    mask: NDArray[np.bool_]
    measurements: dict[str, float] = field(default_factory=dict)

    @property
    def surviving(self) -> tuple[SceneSpec, ...]:
        """The scenes that passed."""
        return tuple(s for s, passed in zip(self.scenes, self.mask, strict=True) if passed)


def dynamic_gate(
    task: TaskSpec, scenes: Sequence[SceneSpec], builder: SceneBuilder, simulator: Simulator, *, seed: int
) -> DynamicVerdict:
    """Settle the scenes of one task and put its goal to the three tests, all scenes at once.

    The scenes must share a build key. Scenes fail one by one; the task fails when fewer than half pass.
    """
    if len({s.build_key for s in scenes}) != 1:
        raise InvalidInputError(
            f"Task {task.name!r}: the dynamic gate takes scenes of one build key, and at least one."
        )
    goal, failures = parse(task.goal), _Failures(len(scenes))
    settled, drop = _settle(scenes, simulator, failures)
    waited = _do_nothing(task, goal, settled, simulator, failures)
    _stage(task, goal, settled, (builder, simulator), failures, seed=seed)
    mask = failures.mask
    ok = bool(mask.mean() >= SURVIVE)
    summary = f"Only {mask.sum()} of {len(mask)} scenes of {task.name!r} passed; at least {SURVIVE:.0%} must."
    measurements = {
        "scenes": float(len(mask)),
        "passed": float(mask.sum()),
        "settling_m": float(drop.max(initial=0.0)),
        "waited_s": waited,
    }
    reasons = failures.reasons
    if not ok:
        reasons = (Reason(code=next(iter(by_code(reasons))), message=summary), *reasons)
    return DynamicVerdict(ok, reasons, settled, mask, measurements)


class _Failures:
    """The first reason of every scene that failed."""

    def __init__(self, count: int) -> None:
        self._why: dict[int, tuple[Code, str, str]] = {}
        self._count = count

    def add(self, rows: NDArray[np.bool_], code: Code, why: str, *, subject: str = "") -> None:
        for row in np.flatnonzero(rows):
            self.add_one(int(row), code, why, subject=subject)

    def add_one(self, row: int, code: Code, why: str, *, subject: str = "") -> None:
        self._why.setdefault(row, (code, why, subject))

    @property
    def mask(self) -> NDArray[np.bool_]:
        return np.array([i not in self._why for i in range(self._count)])

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return tuple(
            Reason(code=code, message=f"Scene {i}: {why}", at=f"scene {i}", subject=subject)
            for i, (code, why, subject) in sorted(self._why.items())
        )


def hold_still(scenes: Sequence[SceneSpec], seconds: float) -> Actions:
    """Actions (time, batch, dof) float32 that keep every robot where it starts."""
    steps = max(1, round(seconds * scenes[0].physics.control_hz))
    start = np.array([s.robot_start for s in scenes], np.float32)
    return np.repeat(start[None], steps, axis=0)


def _settle(
    scenes: Sequence[SceneSpec], simulator: Simulator, failures: _Failures
) -> tuple[tuple[SceneSpec, ...], NDArray[np.float64]]:
    """The scenes with the poses they come to rest in, and how far (scenes, objects) m their objects moved."""
    before = simulator.load(scenes)
    after = simulator.run(hold_still(scenes, SETTLE)).at(-1)
    free = [p.name for p in scenes[0].placements if not p.asset.fixed]
    moved = np.stack([_moved(before, after, name) for name in free], axis=-1) if free else np.zeros((len(scenes), 0))
    for column, name in enumerate(free):
        far = f"{name!r} moved more than {MOVED * 100:.0f} cm while settling."
        failures.add(moved[:, column] >= MOVED, "unstable", far, subject=name)
        failures.add(
            ~at_rest(after, name), "unstable", f"{name!r} did not come to rest within {SETTLE:g} s.", subject=name
        )
    return tuple(_settled(scene, after.rows(slice(i, i + 1)), free) for i, scene in enumerate(scenes)), moved


def _moved(before: WorldState, after: WorldState, name: str) -> NDArray[np.float64]:
    return np.linalg.norm(after.body(name)[:, :3] - before.body(name)[:, :3], axis=-1).astype(np.float64)


def _settled(scene: SceneSpec, world: WorldState, free: Sequence[str]) -> SceneSpec:
    """The scene with one world's poses and joints written into it; joints stay inside their limits."""
    poses = {name: _pose7(world.body(name)[0]) for name in free}
    joints = {
        p.name: {
            j.name: float(np.clip(world.joint_position(f"{p.name}/{j.name}")[0], j.lower, j.upper))
            for j in p.asset.joints
        }
        for p in scene.placements
        if p.asset.joints
    }
    return scene.with_placements(poses, joints)


def _pose7(pose: NDArray[np.floating]) -> Pose7:
    x, y, z, qw, qx, qy, qz = (float(v) for v in pose)
    return (x, y, z, qw, qx, qy, qz)


def _do_nothing(
    task: TaskSpec, goal: Goal, scenes: Sequence[SceneSpec], simulator: Simulator, failures: _Failures
) -> float:
    """Test the goal at reset and at every step until the horizon; returns the seconds that were simulated.

    Waiting ends early when what still moves could not drift a millimetre further before the horizon.
    """
    state = simulator.load(scenes)
    failures.add(holds(goal, state), "goal_already_true", f"the goal {goal} already holds at reset.")
    waited = 0.0
    while waited < task.horizon - 1e-9:
        seconds = min(CHUNK, task.horizon - waited)
        trace = simulator.run(hold_still(scenes, seconds))
        reached = holds(goal, trace.flat).reshape(trace.time, trace.batch)
        idle = np.any(reached, axis=0)
        failures.add(idle, "goal_true_after_nothing", f"the goal {goal} comes true when nothing is done.")
        after, waited = trace.at(-1), waited + seconds
        if _drift(state, after) / seconds * (task.horizon - waited) < STILL:
            break
        state = after
    return waited


def _drift(before: WorldState, after: WorldState) -> float:
    """The largest motion [m or rad] of a body or joint between two states."""
    bodies = np.abs(after.pose[..., :3] - before.pose[..., :3]).max(initial=0.0)
    return float(max(bodies, np.abs(after.joint - before.joint).max(initial=0.0)))


def _stage(
    task: TaskSpec,
    goal: Goal,
    scenes: Sequence[SceneSpec],
    doors: tuple[SceneBuilder, Simulator],
    failures: _Failures,
    *,
    seed: int,
) -> None:
    """Lay out the goal in every scene, let it settle, and test that it then holds for a while."""
    builder, simulator = doors
    staged = list(scenes)
    for i, scene in enumerate(scenes):
        try:
            staged[i] = builder.stage(task, scene, stream(seed, "task_gen", "stage", task.name, i))
        except Unplaceable as error:
            failures.add_one(i, "goal_unreachable_by_staging", f"the goal state cannot be laid out: {error}")
    simulator.load(staged)
    simulator.run(hold_still(staged, STAGE))
    trace = simulator.run(hold_still(staged, HELD))
    held = holds(goal, trace.flat).reshape(trace.time, trace.batch).all(axis=0)
    final = trace.at(-1)
    for row in np.flatnonzero(~held):
        world = final.rows(slice(row, row + 1))
        why = f"the staged goal does not hold: {_missing(goal, world)}"
        failures.add_one(int(row), "goal_unreachable_by_staging", why)


def _missing(goal: Goal, world: WorldState) -> str:
    wrong = [_signed(atom, positive) for atom, positive in literals(goal) if holds(atom, world)[0] != positive]
    return f"{', '.join(wrong)} false at the end." if wrong else "it did not hold for the whole time."


def _signed(atom: Atom, positive: bool) -> str:  # noqa: FBT001
    return str(atom) if positive else f"(not {atom})"
