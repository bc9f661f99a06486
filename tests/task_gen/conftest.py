"""The library, the Panda, and tasks written by hand."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assets.catalog import LibraryCatalog
from pipeline.core.robot import RobotSpec
from pipeline.core.task import TaskObject, TaskSpec


def _share(name: str) -> None:
    """Let test modules import a module of data beside them, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


_share("wrong_tasks")


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
