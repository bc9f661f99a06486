"""Under Prefect the same run leaves its pages inside OUT, speaks only JSON on stdout, and leaves no server behind."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from flows.folder import RunFolder
from flows.server import EmbeddedServer
from tests.flows.browsing import LOADED, outside, trapped


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    out = tmp_path_factory.mktemp("prefect") / "out"
    command = [sys.executable, "-m", "flows.cli", "generate", "--preset=smoke", "--tasks=1", "--batch=2", "--json"]
    return subprocess.run([*command, f"--out={out}"], capture_output=True, text=True, timeout=300, check=False), out


def rows(out: Path, query: str) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(out / "prefect" / "prefect.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_stdout_is_the_report_and_nothing_else(run) -> None:
    ended, _ = run
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["counts"]["written"] == 1
    assert "Traceback" not in ended.stderr


def test_every_step_and_batch_is_a_task_run_that_completed(run) -> None:
    _, out = run
    assert rows(out, "select name, state_type from flow_run") == [("smoke-0", "COMPLETED")]
    steps = dict(rows(out, "select name, state_type from task_run"))
    batches = [path.name for path in (out / "parts").iterdir()]
    assert steps.keys() == {"propose and gate", "pack", "report", "remember", *batches}
    assert set(steps.values()) == {"COMPLETED"}


def test_each_task_and_the_gallery_are_artifacts_with_pictures(run) -> None:
    ended, out = run
    name = json.loads(ended.stdout)["tasks"][0]["task"]["name"].replace("_", "-")
    held = {key: rest for key, *rest in rows(out, "select key, data, description from artifact where key is not null")}
    assert held.keys() == {f"out-card-{name}", "out-gallery", "out-outcomes", "batches"}
    assert "](<data:image/webp;base64," in held[f"out-card-{name}"][0]
    assert "<img alt=" in held["out-gallery"][0]
    assert all("](<data:image/webp;base64," in held[key][1] for key in (f"out-card-{name}", "out-gallery"))
    assert "/v2/artifacts/key/out-gallery" in held["batches"][0]


def test_in_a_browser_its_pages_show_the_pictures_and_load_nothing_from_outside(run, chromium, trap) -> None:
    _, out = run
    folder = RunFolder(out)
    with EmbeddedServer(folder.prefect_home, folder.logs / "pages.log") as server, trapped(chromium, trap[0]) as page:
        server.wait()
        page.goto(f"{server.url}/v2/artifacts")
        page.wait_for_function("document.images.length >= 2")
        assert min(page.evaluate(LOADED)) >= 64
        for key, least in (("out-gallery", 64), ("out-card-", 500)):
            page.goto(f"{server.url}/v2/artifacts")
            page.locator(f"a[href*='{key}']").first.click()
            page.locator("a[href*='/artifacts/artifact/']").first.click()
            page.wait_for_selector("h1")
            page.wait_for_function("document.images.length >= 2")
            assert max(page.evaluate(LOADED)) >= least
        assert len(page.asked) > 50
        assert outside(page, trap) == []


def test_no_process_of_the_run_is_left(run) -> None:
    _, out = run
    left = [
        p
        for p in psutil.process_iter(["environ"])
        if (p.info["environ"] or {}).get("PREFECT_HOME") == str(out / "prefect")
    ]
    assert left == []
