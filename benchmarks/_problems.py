"""Problems as the line would pose them: proposed by the procedural author, through both gates, without cameras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from assets.catalog import LibraryCatalog
from demo_solvers.families import SOLVED
from flows.config import RANDOMISATIONS
from flows.posing import Posed, lay_out, pose
from flows.stages import make_simulator
from pipeline.core.doors import Simulator, Unplaceable
from pipeline.core.errors import InvalidInputError
from pipeline.core.streams import stream_seed
from pipeline.core.task import Family, TaskSpec
from scene_gen.builder import TabletopBuilder
from scene_gen.variation import Variation
from task_gen.author import propose
from task_gen.gate import static_gate
from task_gen.reasons import Reason

SPARE = (4, 2, 1)  # so many times the tasks asked for; the library may not afford the most


def proposals(robot: str, *, per_family: int, seed: int, families: Sequence[Family] = SOLVED) -> Iterator[TaskSpec]:
    """Tasks that pass the static gate, in the author's order; where it can, more than ``per_family`` of each family."""
    catalog = library()
    spec = catalog.robot(robot)
    for spare in SPARE:
        try:
            tasks = propose(catalog, spec, count=per_family * spare * len(families), seed=seed, families=families)
        except InvalidInputError:
            if spare == SPARE[-1]:
                raise
            continue
        yield from (task for task in tasks if static_gate(task, catalog, spec).ok)
        return


def pose_problem(
    task: TaskSpec,
    simulator: Simulator,
    *,
    robot: str,
    worlds: int,
    seed: int,
    index: int = 0,
    randomise: str = "off",
) -> Posed:
    """Batch ``index`` of a task's worlds, as the line poses it; a simulator of :func:`simulator_of` knows variants."""
    catalog = library()
    variation = None
    if randomise != "off":
        drawn = stream_seed(seed, "randomise", task.name, index)
        variation = Variation(RANDOMISATIONS.get(randomise), drawn, catalog)
    builder = TabletopBuilder(catalog, catalog.robot(robot), cameras=(), variation=variation)
    try:
        laid = lay_out(task, builder, simulator, worlds=worlds, seed=seed, index=index)
    except Unplaceable as error:
        return Posed(None, (), (Reason(code="unplaceable", message=str(error)),))
    return pose(task, laid, builder, simulator, seed=seed, index=index)


@cache
def library() -> LibraryCatalog:
    """This process's library; it also knows the variants that randomisation has made."""
    return LibraryCatalog()


@cache
def simulator_of(backend: str) -> Simulator:
    """This process's simulator of a backend, kept warm, over the library."""
    return make_simulator(backend, library())
