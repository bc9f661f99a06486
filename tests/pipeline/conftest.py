"""The toys of the conformance suite: a hand-built robot, blocks, a table and a drawer."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _share(name: str) -> None:
    """Let test modules import a module of data beside them, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


for shared in ("staging", "end_states"):
    _share(shared)


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
