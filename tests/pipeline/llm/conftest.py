"""The key that every test of a model client uses, and the server as a fixture."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

KEY = "sk-test-0123456789-not-a-real-key"


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages_server", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["messages_server"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def messages() -> ModuleType:
    """The module of the local Messages API server."""
    return _load(Path(__file__).with_name("messages_server.py"))


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A key in the environment, and calls that never leave this machine."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    return KEY
