"""Fixtures: the hand-built toys and their files."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def toys() -> ModuleType:
    path = Path(__file__).with_name("toys.py")
    spec = importlib.util.spec_from_file_location("simulator_toys", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["simulator_toys"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def random_worlds() -> ModuleType:
    """The module of the random worlds that the predicates are tested in: ``random_worlds.worlds(batch)``."""
    path = Path(__file__).with_name("test_predicates.py")
    spec = importlib.util.spec_from_file_location("random_worlds", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["random_worlds"] = module
    spec.loader.exec_module(module)
    return module
