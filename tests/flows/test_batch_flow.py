"""Batches on a Prefect server: whatever is killed or cancelled, the dataset is that of an undisturbed run."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import zarr

from flows.claim import claimed

REQUEST = {"preset": "smoke", "tasks": 2, "demos": 1, "batch": 2, "out": "night/first"}
GONE = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess)


@pytest.fixture(scope="module")
def rig(flow_rig: Any) -> Any:
    return flow_rig


def processes_of(run: str) -> list[psutil.Process]:
    """The flow's process and all that it started."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("PREFECT__FLOW_RUN_ID") == run and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except GONE:
            continue
    return found


def kill(run: str) -> None:
    """SIGKILL to the process of a flow run; its simulators see that it is gone."""
    for process in processes_of(run):
        with suppress(*GONE, ProcessLookupError):  # a simulator may be quicker to follow
            if "prefect" in " ".join(process.cmdline()):
                os.kill(process.pid, signal.SIGKILL)


def contents(dataset: Path) -> dict[str, np.ndarray]:
    root = zarr.open_group(dataset, mode="r")
    return {f"{group}/{name}": array[:] for group in ("data", "meta") for name, array in root[group].arrays()}


def assert_equal_datasets(one: Path, two: Path) -> None:
    a, b = contents(one), contents(two)
    assert a.keys() == b.keys()
    for name, array in a.items():
        np.testing.assert_array_equal(array, b[name], err_msg=name)
    assert dict(zarr.open_group(one, mode="r").attrs) == dict(zarr.open_group(two, mode="r").attrs)


def task_runs(rig: Any, run: str, name: str) -> list[str]:
    """The states of the Prefect tasks of a flow run that have a name."""
    found = rig.post("/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
    return [t["state_name"] for t in found if t["name"] == name]


@pytest.fixture(scope="module")
def broken_off(rig: Any) -> tuple[str, str]:
    """A batch of two tasks of which the first in the plan is cancelled at work; and that task's name.

    Its claim is held meanwhile, so that a fast machine is not done with it before it is cancelled.
    """
    batch = rig.submit("generate-batch/generate", request=REQUEST)
    rig.until(lambda: len(rig.children(batch)) == 2, 90)
    plan = (rig.runs / "night" / "first" / "plan.json").read_text()
    task = min(rig.children(batch), key=lambda name: plan.index(f'"name":"{name}"'))
    child = rig.children(batch)[task]["id"]
    with claimed(rig.runs / "night" / "first" / "claims" / f"{task}.task"):
        rig.until(lambda: rig.run(child)["state_type"] == "RUNNING", 90)
        rig.set_state(child, "CANCELLING")
        rig.until(lambda: rig.run(child)["state_type"] == "CANCELLED", 90)
    rig.ended(batch)
    return batch, task


def test_a_cancelled_task_ends_the_batch_which_says_so_and_packs_the_others(rig, broken_off) -> None:
    batch, task = broken_off
    run = rig.run(batch)
    assert run["state_type"] == "FAILED", rig.story()
    assert "1 of 2 tasks are missing; 1 demonstration of the others packed" in run["state"]["message"]
    assert f"- {task}: Cancelled" in run["state"]["message"]
    held = contents(rig.runs / "night" / "first" / "dataset.zarr")
    assert len(held["meta/episode_id"]) == 1


def test_the_same_request_goes_on_though_tasks_and_batch_are_killed(rig, broken_off, undisturbed) -> None:
    _, task = broken_off
    out = rig.runs / "night" / "first"
    done = {p: p.stat().st_mtime_ns for p in out.glob("parts/*/report.json")}
    assert len(done) == 1
    batch = rig.submit("generate-batch/generate", request=REQUEST)
    rig.until(lambda: rig.children(batch), 90)
    child = rig.children(batch)[task]["id"]
    rig.until(lambda: list(out.glob(f"parts/{task}-0/*")) or processes_of(child)[2:], 90)
    kill(batch)
    kill(child)
    rig.until(lambda: rig.run(batch)["state_type"] == "COMPLETED", 240)
    children = rig.children(batch)
    assert list(children) == [task], "what was on disk needs no run"
    assert children[task]["state_type"] == "COMPLETED", rig.story()
    assert children[task]["run_count"] == 2
    plans = task_runs(rig, batch, "plan")
    assert len(plans) > 1
    assert plans.count("Completed") == 1, "planned once; kept results after that"
    assert {p: p.stat().st_mtime_ns for p in done} == done, "a finished batch was done twice"
    assert_equal_datasets(undisturbed[1] / "dataset.zarr", out / "dataset.zarr")


def test_a_cancelled_batch_ends_its_task_and_all_processes(rig) -> None:
    request = {"preset": "smoke", "tasks": 1, "demos": 1, "batch": 2, "author": "anthropic", "out": "cancelled"}
    batch = rig.submit("generate-batch/generate", request=request)
    rig.until(lambda: rig.children(batch), 90)
    (child,) = rig.children(batch).values()
    rig.until(lambda: rig.run(child["id"])["state_type"] == "RUNNING", 90)
    rig.set_state(batch, "CANCELLING")
    ended = rig.ended(batch, child["id"])
    assert {run["state_type"] for run in ended} == {"CANCELLED"}, rig.story()
    rig.until(lambda: not (processes_of(batch) or processes_of(child["id"])), 30)
    run = rig.submit("pack-dataset/pack", out="cancelled")
    assert "nothing to pack" in rig.ended(run)[0]["state"]["message"]


def test_the_key_is_found_nowhere_that_runs_leave_behind(rig) -> None:
    """Last of this file: whatever the runs before have left is searched, the server's database and logs too."""
    assert json.loads((rig.runs / "cancelled" / "proposals.json").read_text())["account"]["calls"] == 1
    key = rig.planted.encode()
    left = [p for p in rig.home.rglob("*") if p.is_file()]
    assert any(p.name == "prefect.db" for p in left)
    assert [p for p in left if key in p.read_bytes()] == []
    told = rig.post("/flow_runs/filter", {}), rig.post("/logs/filter", {}), rig.post("/artifacts/filter", {})
    assert rig.planted not in json.dumps(told)
