"""The toys of the conformance suite: a hand-built robot, blocks, a table and a drawer."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def toys() -> ModuleType:
    path = Path(__file__).parents[1] / "conformance" / "toys.py"
    spec = importlib.util.spec_from_file_location("simulator_toys", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["simulator_toys"] = module
    spec.loader.exec_module(module)
    return module
