"""The dynamic gate: scenes settle, and the goal is false at reset, false on doing nothing, true when staged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.core.doors import SceneBuilder, Simulator, Unplaceable
from pipeline.core.errors import DivergedError, InvalidInputError
from pipeline.core.goal import Atom, Goal, literals
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from pipeline.core.world import WorldState
from pipeline.holds import holds, parse
from pipeline.settling import hold_still, settle, thrown
from task_gen.reach import beyond
from task_gen.reasons import Code, Reason, by_code

SETTLE = 1.0  # s
STAGE = 1.5  # s for a staged goal to settle
HELD = 0.5  # s that the goal must then hold without a break
CHUNK = 1.0  # s of doing nothing between two looks
STILL = 0.001  # m: the drift over the rest of the horizon below which waiting on can change nothing
THROWS = "something is thrown about at the start; things overlap there."
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
    try:
        settled = settle(scenes, simulator, seconds=SETTLE)
        failures.add(settled.thrown, "explodes", THROWS)
        for row in np.flatnonzero(~settled.mask):
            failures.add_one(int(row), "unstable", settled.reasons[row], subject=settled.culprits[row])
        waited = _do_nothing(task, goal, settled.scenes, simulator, failures)
        _stage(task, goal, settled.scenes, (builder, simulator), failures, seed=seed)
    except DivergedError as error:
        return _diverged(scenes, error)
    mask = failures.mask
    ok = bool(mask.mean() >= SURVIVE)
    summary = f"Only {mask.sum()} of {len(mask)} scenes of {task.name!r} passed; at least {SURVIVE:.0%} must."
    measurements = {
        "scenes": float(len(mask)),
        "passed": float(mask.sum()),
        "settling_m": float(settled.moved.max(initial=0.0)),
        "waited_s": waited,
    }
    reasons = failures.reasons
    if not ok:
        reasons = (Reason(code=next(iter(by_code(reasons))), message=summary), *reasons)
    return DynamicVerdict(ok, reasons, settled.scenes, mask, measurements)


def _diverged(scenes: Sequence[SceneSpec], error: DivergedError) -> DynamicVerdict:
    """No scene passes: the engine cannot say which of them would have."""
    reason = Reason(code="explodes", message=f"All scenes: {error}", at="scenes")
    mask, count = np.zeros(len(scenes), bool), {"scenes": float(len(scenes))}
    return DynamicVerdict(ok=False, reasons=(reason,), scenes=tuple(scenes), mask=mask, measurements=count)


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


def _do_nothing(
    task: TaskSpec, goal: Goal, scenes: Sequence[SceneSpec], simulator: Simulator, failures: _Failures
) -> float:
    """Test the goal at reset and at every step until the horizon; returns the seconds that were simulated.

    Waiting ends early when what still moves could not drift a millimetre further before the horizon.
    """
    state = simulator.load([scene.physics_only() for scene in scenes])
    failures.add(holds(goal, state), "goal_already_true", f"the goal {goal} already holds at reset.")
    for name, far in beyond(task, scenes[0].robot, state, staged=False):
        failures.add(far, "unreachable", f"{name!r} starts beyond the reach of {scenes[0].robot.noun}.", subject=name)
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
    first = simulator.load([scene.physics_only() for scene in staged])
    free = [p.name for p in staged[0].placements if not p.asset.fixed]
    flew = thrown(simulator.run(hold_still(staged, STAGE)), free)
    failures.add(flew, "explodes", f"the goal {goal} laid out throws things about; they overlap there.")
    for name, far in beyond(task, scenes[0].robot, first, staged=True):
        where = f"{name!r} would end beyond the reach of {scenes[0].robot.noun}."
        failures.add(far, "unreachable", where, subject=name)
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
