"""The library, the Panda, the kinematic worlds, and problems built from a goal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assets.catalog import LibraryCatalog
from demo_solvers.planning.arm import Arm
from pipeline.core.doors import Problem
from pipeline.core.geometry import Pose7
from pipeline.core.robot import RobotSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.sim.kinematic import kinematic
from scene_gen.builder import TabletopBuilder


@pytest.fixture(scope="session")
def catalog() -> LibraryCatalog:
    return LibraryCatalog()


@pytest.fixture(scope="session")
def robot(catalog: LibraryCatalog) -> RobotSpec:
    return catalog.robot("panda")


@pytest.fixture(scope="session")
def arm(robot: RobotSpec) -> Arm:
    return Arm(robot)


@pytest.fixture(scope="session")
def builder(catalog: LibraryCatalog, robot: RobotSpec) -> TabletopBuilder:
    return TabletopBuilder(catalog, robot, cameras=())


@pytest.fixture(scope="session")
def simulator(catalog: LibraryCatalog) -> kinematic:
    return kinematic(catalog)


@pytest.fixture(scope="session")
def problem(builder: TabletopBuilder) -> Callable[..., Problem]:
    """A goal over library assets, each called by its own name, in ``worlds`` scenes; ``at`` moves things."""

    def build(
        goal: str,
        *assets: str,
        initial: tuple[str, ...] = (),
        at: dict[str, Pose7] | None = None,
        worlds: int = 2,
        family: str = "pick_place",
        horizon: float = 30.0,
    ) -> Problem:
        task = TaskSpec(
            name="a_task",
            family=family,  # type: ignore[arg-type]
            instruction="Do it.",
            objects=tuple(TaskObject(name=a, asset=a) for a in assets),
            initial=initial,
            goal=goal,
            horizon=horizon,
        )
        scenes = (builder.build(task, stream(0, "test", i)) for i in range(worlds))
        return Problem(task, tuple(s.with_placements(at or {}) for s in scenes), seed=0)

    return build
