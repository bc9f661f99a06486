"""One undisturbed run of the whole line on the kinematic backend, shared by the tests that look at its results."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from assets.catalog import LibraryCatalog
from flows.config import RunConfig, compose
from flows.report import RunReport
from flows.runners import run
from task_gen.author import propose
from task_gen.proposal import Proposal


@pytest.fixture(scope="session")
def smoke() -> RunConfig:
    """Two tasks, one demonstration each, no physics."""
    return compose("smoke", tasks=2, demos=1, batch=2)


@pytest.fixture(scope="session")
def undisturbed(smoke: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunReport, Path]:
    """The run's report and OUT."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    return run(smoke, out, workers=2), out


CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=AutofillServerCommunication,OptimizationHints",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium of the system with an empty profile; of a module, for its loop must not outlive the tests."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium here: as root on Debian, bash .ci/test-tools")
    sync = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser: pip install -e '.[dev]'")
    with sync.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def trap() -> Iterator[tuple[str, list[str]]]:
    """A proxy that lets nothing through, and what it was asked for."""
    asked: list[str] = []

    class Trap(BaseHTTPRequestHandler):
        def refuse(self) -> None:
            asked.append(self.path)
            self.send_error(502)

        do_CONNECT = do_GET = do_POST = do_HEAD = refuse

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Trap) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


@pytest.fixture(scope="session")
def prefect_rig() -> ModuleType:
    """The module of the server and workers that tests of the flows run on: ``prefect_rig.Rig(home)``."""
    spec = importlib.util.spec_from_file_location("prefect_rig", Path(__file__).with_name("prefect_rig.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["prefect_rig"] = module
    spec.loader.exec_module(module)
    return module


PLANTED = "sk-planted-4f1d0c"
"""The key that the workers have; it must be found nowhere that a run leaves behind."""


@pytest.fixture(scope="session")
def flow_rig(prefect_rig: ModuleType, messages: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Prefect server with workers of the pools control and cpu, our deployments, and an automation after crashes.

    The workers have a key and the address of a model that proposes two tasks.
    """
    catalog = LibraryCatalog()
    proposals = propose(catalog, catalog.robot("panda"), count=2, seed=1)
    fields = set(Proposal.model_fields)
    answer = json.dumps({"tasks": [t.model_dump(mode="json", include=fields) for t in proposals]})
    home = tmp_path_factory.mktemp("rig") / "home"
    with messages.serving(lambda turn, body: messages.Answer(answer)) as model:
        keys = {"ANTHROPIC_API_KEY": PLANTED, "ANTHROPIC_BASE_URL": model.url, "TASKLOOM_CACHE": str(home / "cache")}
        with prefect_rig.Rig(home, **keys) as rig:
            rig.work("control", "cpu")
            rig.deploy()
            rig.resume_crashed()
            rig.planted = PLANTED
            yield rig
