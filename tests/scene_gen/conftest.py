"""The library, the Panda, its builder, and tasks that scenes are built for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assets.catalog import LibraryCatalog
from pipeline.core.task import TaskObject, TaskSpec
from scene_gen.builder import TabletopBuilder


@pytest.fixture(scope="session")
def catalog() -> LibraryCatalog:
    return LibraryCatalog()


@pytest.fixture(scope="session")
def builder(catalog: LibraryCatalog) -> TabletopBuilder:
    return TabletopBuilder(catalog, catalog.robot("panda"))


@pytest.fixture
def task() -> Callable[..., TaskSpec]:
    """A task over library assets, each called by its own name."""

    def build(goal: str, *assets: str, initial: tuple[str, ...] = (), family: str = "pick_place") -> TaskSpec:
        objects = tuple(TaskObject(name=a, asset=a) for a in assets)
        return TaskSpec(name="a_task", family=family, instruction="Do it.", objects=objects, initial=initial, goal=goal)

    return build
