"""The library, the Panda, and tasks written by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assets.catalog import LibraryCatalog
from pipeline.core.robot import RobotSpec
from pipeline.core.task import TaskObject, TaskSpec


@pytest.fixture(scope="session")
def catalog() -> LibraryCatalog:
    return LibraryCatalog()


@pytest.fixture(scope="session")
def robot(catalog: LibraryCatalog) -> RobotSpec:
    return catalog.robot("panda")


@pytest.fixture
def task() -> Callable[..., TaskSpec]:
    """A task over library assets, each called by its own name."""

    def build(
        goal: str,
        *assets: str,
        initial: tuple[str, ...] = (),
        family: str = "pick_place",
        name: str = "a_task",
        horizon: float = 4.0,
    ) -> TaskSpec:
        return TaskSpec(
            name=name,
            family=family,
            instruction="Do it.",
            objects=tuple(TaskObject(name=a, asset=a) for a in assets),
            initial=initial,
            goal=goal,
            horizon=horizon,
        )

    return build
