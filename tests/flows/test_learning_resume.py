"""A run that is killed while it trains goes on from the checkpoint to the same policy; what is trained stays so."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from demo_solvers.learning.shelf import Shelf
from flows.folder import RunFolder
from flows.report import RunReport, load_report

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
SECONDS = 600.0  # that a run may take on a busy machine
TASK = {
    "name": "push_box",
    "family": "push",
    "instruction": "Push the box into the zone.",
    "objects": [{"name": "box", "asset": "cookie_box"}, {"name": "zone", "asset": "zone_green", "role": "region"}],
    "goal": "(within box zone)",
    "horizon": 30.0,
}


def start(out: Path) -> subprocess.Popen[bytes]:
    """A run that learns to push without physics, from one dense reward."""
    task = out.with_name("push.json")
    task.write_text(json.dumps([TASK]))
    words = ["--preset=smoke", "--plain", "--json", "--workers=1", "--solver=vipr-eureka", f"--tasks-from={task}"]
    budget = ["--learn-steps=12000", "--learn-worlds=8", "--learn-judged=8"]
    rewards = ["--reward-candidates=1", "--reward-rounds=1"]
    size = ["--demos=1", "--batch=2", "--rounds=1", f"--out={out}"]
    command = [sys.executable, "-m", "flows.cli", "generate", *words, *budget, *rewards, *size]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(run: subprocess.Popen[bytes], out: Path) -> RunReport:
    _, said = run.communicate(timeout=SECONDS)
    assert run.returncode in (0, 3), said.decode()
    return load_report(RunFolder(out))


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunReport]:
    """A run that nothing disturbed."""
    out = tmp_path_factory.mktemp("whole") / "out"
    return out, finish(start(out), out)


def weights(out: Path) -> dict[str, bytes]:
    """Every policy that a run has made, by its place."""
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.glob("learned/**/*.npz"))}


def test_a_killed_training_ends_as_one_that_nothing_disturbed(whole: tuple[Path, RunReport], tmp_path: Path) -> None:
    undisturbed, expected = whole
    out = tmp_path / "out"
    run = start(out)
    wait_until(lambda: list(out.glob("learned/push_box/**/full/*.pt")))
    workers = psutil.Process(run.pid).children(recursive=True)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    wait_until(lambda: not any(w.is_running() and w.status() != psutil.STATUS_ZOMBIE for w in workers))
    assert not list(out.glob("parts/*/report.json")), "it was killed while it trained"
    candidate = next(iter(out.glob("learned/push_box/**/candidate-*/*.pt")))
    before = candidate.stat().st_mtime_ns

    report = finish(start(out), out)
    assert candidate.stat().st_mtime_ns == before, "a finished training was done again"
    (one,), (other,) = report.tasks, expected.tasks
    assert one.ways == other.ways, "curves go on as if nothing had been"
    assert one.counts == other.counts
    assert weights(out) == weights(undisturbed)
    assert Shelf(out / "skills").digest == Shelf(undisturbed / "skills").digest


def test_what_is_trained_is_found_by_a_batch_that_is_done_again(whole: tuple[Path, RunReport], tmp_path: Path) -> None:
    undisturbed, expected = whole
    out = tmp_path / "out"
    shutil.copytree(undisturbed, out, copy_function=shutil.copy2)
    for path in (out / "parts", out / "dataset.zarr"):
        shutil.rmtree(path, ignore_errors=True)
    (out / "report.json").unlink()
    before = {path: path.stat().st_mtime_ns for path in out.glob("learned/**/*.pt")}
    report = finish(start(out), out)
    assert before
    assert {path: path.stat().st_mtime_ns for path in out.glob("learned/**/*.pt")} == before
    assert report.tasks[0].ways == expected.tasks[0].ways


def test_a_dense_way_tells_its_reward_and_every_terms_curve(whole: tuple[Path, RunReport]) -> None:
    _, report = whole
    (stage,) = report.tasks[0].ways
    (tried,) = stage.tried
    assert stage.way == "dense"
    assert tried.starts == 8
    assert tried.steps > 0
    for curve in tried.curves:
        assert curve.reward
        assert curve.author == "procedural"
        lengths = {len(curve.success), len(curve.value), *map(len, curve.terms.values())}
        assert lengths == {len(curve.steps)}
        assert list(curve.steps) == sorted(curve.steps)
    page = (whole[0] / "index.html").read_text()
    assert page.count('<svg class="chart"') == 1 + sum(1 + len(curve.terms) for curve in tried.curves)
