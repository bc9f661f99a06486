"""One undisturbed run of the whole line on the kinematic backend, shared by the tests that look at its results."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.config import RunConfig, compose
from flows.report import RunReport
from flows.runners import run


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
