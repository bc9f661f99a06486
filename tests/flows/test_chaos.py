"""Chaos: a batch over two workers comes out as if nothing had been, while everything that runs is killed at random.

Flow processes, workers, engine hosts, engines and the server get SIGKILL or SIGTERM every few seconds. What came of it
is in ``benchmarks/results/chaos.json``. TASKLOOM_CHAOS_TASKS and TASKLOOM_CHAOS_SEED make it another trial, and
TASKLOOM_CHAOS_UNDISTURBED names the folder of an undisturbed run to compare with, which is made otherwise.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import zarr

from flows.installation.home import Home
from flows.installation.processes import ProcessId, marked
from flows.installation.state import State, read_state

TASKS, SEED = int(os.environ.get("TASKLOOM_CHAOS_TASKS", 20)), int(os.environ.get("TASKLOOM_CHAOS_SEED", 0))
ASKED = ("--preset=smoke", "--backend=mujoco", f"--tasks={TASKS}", "--demos=1", "--batch=2", "--rounds=2")
PAUSE = (5.0, 12.0)  # s between two kills
MOST_KILLS = int(1.5 * TASKS)
SECONDS = 3000.0  # until everything must have ended
LEASE_SECONDS = 120.0  # a place that a killed run held is free again after its lease of 60 s and the next look
RESULT = Path(__file__).parents[2] / "benchmarks" / "results" / "chaos.json"
VICTIMS = ("flow", "worker-cpu0", "worker-cpu1", "worker-control", "engine", "engines-cpu", "server")
UNFINISHED = ["RUNNING", "PENDING", "SCHEDULED", "CANCELLING"]

pytestmark = [pytest.mark.long, pytest.mark.timeout(2 * SECONDS)]


class Chaos(threading.Thread):
    """Kills one process after the other, of each kind in turn, until it is told to stop."""

    def __init__(self, home: Home) -> None:
        super().__init__(daemon=True)
        self.home, self.random = home, random.Random(SEED)
        self.killed: list[dict[str, Any]] = []
        self.over = threading.Event()

    def run(self) -> None:
        kinds = list(VICTIMS)
        while len(self.killed) < MOST_KILLS and not self.over.wait(self.random.uniform(*PAUSE)):
            self.random.shuffle(kinds)
            found = next(((k, p) for k in kinds if (p := self._victim(k)) is not None), None)
            if found is None:
                continue
            kind, victim = found
            number = self.random.choice([signal.SIGKILL, signal.SIGTERM])
            try:
                victim.send_signal(number)
            except psutil.Error:
                continue
            self.killed.append({"at": round(time.time(), 1), "victim": kind, "signal": number.name})

    def _victim(self, kind: str) -> psutil.Process | None:
        if kind == "flow":
            held = [ProcessId.model_validate_json(f.read_bytes()) for f in self.home.flow_processes.glob("*.json")]
            living = [p for one in held if (p := one.find()) is not None]
        elif kind == "engine":
            engines = marked(self.home.mark(), unit="engines-cpu")
            living = [p for p in engines if "flows.worker" in _words(p)]
        else:
            state = read_state(self.home)
            units = [] if state is None else [u for u in state.units if u.name == kind and u.process is not None]
            living = [p for u in units if (p := u.process.find()) is not None]
        return self.random.choice(living) if living else None


class Trial:
    """An installation of two CPU workers, and questions to its server."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root / "home", root / "home" / "runs")
        known = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
        self.environment = {**known, "TASKLOOM_HOME": str(self.home.root)}

    def taskloom(self, *arguments: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "flows.cli", *arguments]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    @property
    def state(self) -> State:
        found = read_state(self.home)
        assert found is not None
        return found

    def ask(self, path: str, body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.state.installation.api}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def runs(self) -> list[dict[str, Any]]:
        flows = {"name": {"any_": ["generate-batch", "generate-task"]}}
        return self.ask("/flow_runs/filter", {"flows": flows, "limit": 200})


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def contents(dataset: Path) -> dict[str, np.ndarray]:
    root = zarr.open_group(dataset, mode="r")
    return {f"{group}/{name}": array[:] for group in ("data", "meta") for name, array in root[group].arrays()}


def differing(one: Path, two: Path) -> list[str]:
    a, b = contents(one), contents(two)
    equal = {
        name for name in a.keys() & b.keys() if np.array_equal(a[name], b[name], equal_nan=a[name].dtype.kind == "f")
    }
    return sorted((a.keys() | b.keys()) - equal)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if (known := os.environ.get("TASKLOOM_CHAOS_UNDISTURBED")) is not None:
        return Path(known)
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    command = [sys.executable, "-m", "flows.cli", "generate", *ASKED, "--plain", "--json", f"--out={out}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode in (0, 3), done.stderr
    return out


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    trial = Trial(tmp_path)
    done = trial.taskloom("up", "--port=0", "--files-port=0", "--workers=2", "--backend=mujoco", "--restarts=40")
    try:
        assert done.returncode == 0, done.stderr
        yield trial
    finally:
        trial.taskloom("down")


def test_a_batch_survives_the_death_of_everything(undisturbed, trial) -> None:
    began = time.time()
    done = trial.taskloom("submit", *ASKED, "--out=chaos", "--json")
    assert done.returncode == 0, done.stderr
    batch = json.loads(done.stdout)["id"]
    chaos = Chaos(trial.home)
    chaos.start()
    ended = _until(lambda: _answer(trial, batch)["state_type"] in ("COMPLETED", "FAILED", "CANCELLED"), SECONDS)
    chaos.over.set()
    chaos.join()
    seconds = time.time() - began
    quiet = _until(lambda: not [r for r in trial.runs() if r["state_type"] in UNFINISHED], LEASE_SECONDS)
    free = _until(lambda: not _taken(trial), LEASE_SECONDS)
    tasks = _until(lambda: not _running_tasks(trial), LEASE_SECONDS)
    runs, state = trial.runs(), trial.state
    out = trial.home.runs / "chaos"
    told = {
        "when": datetime.fromtimestamp(began).isoformat(timespec="seconds"),
        "tasks": TASKS,
        "seed": SEED,
        "seconds": round(seconds, 1),
        "ended": ended,
        "kills": len(chaos.killed),
        "killed": dict(sorted(Counter(f"{k['victim']} {k['signal']}" for k in chaos.killed).items())),
        "restarts": {u.name: u.restarts for u in state.units},
        "runs": dict(Counter(f"{_flow(r, batch)} {r['state_name']}" for r in runs)),
        "starts": sum(r["run_count"] for r in runs),
        "most starts of a run": max(r["run_count"] for r in runs),
        "no run left open": quiet,
        "no task run left open": tasks,
        "no place taken": free,
        "different arrays": differing(undisturbed / "dataset.zarr", out / "dataset.zarr") if out.exists() else ["all"],
        "episodes": len(contents(out / "dataset.zarr")["meta/episode_ends"]) if (out / "dataset.zarr").exists() else 0,
    }
    mark = trial.home.mark()
    trial.taskloom("down")
    told["orphans"] = [_words(p) for p in marked(mark)]
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(told, indent=1) + "\n")
    assert ended
    assert _batch_state(runs, batch) == "COMPLETED", told
    assert _outcomes(out) == _outcomes(undisturbed)
    assert told["different arrays"] == []
    assert (quiet, tasks, free) == (True, True, True)
    assert told["orphans"] == []
    assert len(chaos.killed) >= min(10, TASKS)
    _assert_nothing_twice(out)


def _outcomes(out: Path) -> dict[str, tuple[str, int]]:
    """Status and demonstrations of every task, by name."""
    report = json.loads((out / "report.json").read_text())
    return {t["task"]["name"]: (t["status"], t["counts"]["written"]) for t in report["tasks"]}


def _assert_nothing_twice(out: Path) -> None:
    ids = [str(i) for i in contents(out / "dataset.zarr")["meta/episode_id"]]
    assert len(ids) == len(set(ids))
    report = json.loads((out / "report.json").read_text())
    assert sum(t["counts"]["written"] for t in report["tasks"]) == len(ids)
    assert len({t["task"]["name"] for t in report["tasks"]}) == len(report["tasks"])


def _flow(run: dict[str, Any], batch: str) -> str:
    return "generate-batch" if run["id"] == batch else "generate-task"


def _batch_state(runs: list[dict[str, Any]], batch: str) -> str:
    return next(r["state_type"] for r in runs if r["id"] == batch)


def _answer(trial: Trial, batch: str) -> dict[str, Any]:
    return next(r for r in trial.runs() if r["id"] == batch)


def _taken(trial: Trial) -> list[str]:
    limits = trial.ask("/v2/concurrency_limits/filter", {})
    return [c["name"] for c in limits if c["active_slots"]]


def _running_tasks(trial: Trial) -> list[str]:
    open_tasks = {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}
    return [t["name"] for t in trial.ask("/task_runs/filter", {"task_runs": open_tasks})]


def _until(condition: Any, seconds: float) -> bool:
    """Whether it came true; a server that is just being restarted is asked again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return True
        except (OSError, ValueError, StopIteration):
            pass
        time.sleep(2)
    return False
