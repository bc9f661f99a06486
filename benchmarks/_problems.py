"""Problems as the line would pose them: proposed by the procedural author, through both gates, without cameras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from assets.catalog import LibraryCatalog
from flows.stages import make_simulator
from pipeline.core.doors import Problem, Simulator, Unplaceable
from pipeline.core.errors import InvalidInputError
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream, stream_seed
from pipeline.core.task import TaskSpec
from scene_gen.builder import TabletopBuilder
from task_gen.author import FAMILIES, propose
from task_gen.dynamic_gate import dynamic_gate
from task_gen.gate import static_gate

SPARE = (4, 2, 1)  # so many times the tasks asked for; the library may not afford the most


@dataclass(frozen=True, eq=False)
class Posed:
    """A task in the worlds that passed the dynamic gate; no problem when the task itself was rejected."""

    problem: Problem | None
    rows: tuple[int, ...]
    built: int
    reasons: tuple[str, ...]


def proposals(robot: str, *, per_family: int, seed: int) -> Iterator[TaskSpec]:
    """Tasks that pass the static gate, in the author's order; where it can, more than ``per_family`` of each family."""
    catalog = LibraryCatalog()
    spec = catalog.robot(robot)
    for spare in SPARE:
        try:
            tasks = propose(catalog, spec, count=per_family * spare * len(FAMILIES.names), seed=seed)
        except InvalidInputError:
            if spare == SPARE[-1]:
                raise
            continue
        yield from (task for task in tasks if static_gate(task, catalog, spec).ok)
        return


def pose_problem(task: TaskSpec, simulator: Simulator, *, robot: str, worlds: int, seed: int, index: int = 0) -> Posed:
    """Build batch ``index`` of a task's worlds and put them through the dynamic gate; the same seeds as the line's."""
    catalog = LibraryCatalog()
    builder = TabletopBuilder(catalog, catalog.robot(robot))
    try:
        scenes = _scenes(task, builder, range(index * worlds, (index + 1) * worlds), seed=seed)
    except Unplaceable as error:
        return Posed(None, (), 0, (str(error),))
    gate_seed = stream_seed(seed, "dynamic_gate", task.name, index)
    verdict = dynamic_gate(task, scenes, builder, simulator, seed=gate_seed)
    if not verdict.ok:
        return Posed(None, (), worlds, verdict.reasons)
    rows = tuple(row for row, passed in enumerate(verdict.mask) if passed)
    problem = Problem(task, verdict.surviving, stream_seed(seed, "solve", task.name, index))
    return Posed(problem, rows, worlds, verdict.reasons)


@cache
def simulator_of(backend: str) -> Simulator:
    """This process's simulator of a backend, kept warm, over the library."""
    return make_simulator(backend, LibraryCatalog())


def _scenes(task: TaskSpec, builder: TabletopBuilder, rows: Sequence[int], *, seed: int) -> tuple[SceneSpec, ...]:
    """Cameras are left out: they do not touch physics, and the gate and the solver then share one build."""
    built = [builder.build(task, stream(seed, "scene_gen", task.name, row)) for row in rows]
    return tuple(scene.model_copy(update={"cameras": ()}) for scene in built)
