"""What every test may rely on: no network but loopback, a scratch home for Prefect, single-threaded engines."""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

LOCAL = {"127.0.0.1", "::1", "localhost", ""}

os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="taskloom-prefect-")
os.environ.update({"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"})
os.environ.pop("PREFECT_API_URL", None)
os.environ["TASKLOOM_MODEL_CALLS"] = "local"  # no model is ever asked but a server of the tests' own
os.environ["TASKLOOM_ASSETS"] = tempfile.mkdtemp(prefix="taskloom-assets-")  # not what this user has imported
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for another machine fails at once and says for which."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOCAL:
            raise RuntimeError(f"A test tried to reach {address!r}; tests have no network but the loopback interface.")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def messages() -> ModuleType:
    """The module of the local server that speaks the Messages API: ``messages.serving(script)``."""
    spec = importlib.util.spec_from_file_location("messages_server", Path(__file__).with_name("messages_server.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["messages_server"] = module
    spec.loader.exec_module(module)
    return module
