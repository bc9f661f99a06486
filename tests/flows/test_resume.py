"""A run that is killed and continued ends with the dataset of one that was not, whatever the number of workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import zarr


def contents(dataset: Path) -> dict[str, np.ndarray]:
    root = zarr.open_group(dataset, mode="r")
    return {f"{group}/{name}": array[:] for group in ("data", "meta") for name, array in root[group].arrays()}


def assert_equal_datasets(one: Path, two: Path) -> None:
    a, b = contents(one), contents(two)
    assert a.keys() == b.keys()
    for name, array in a.items():
        np.testing.assert_array_equal(array, b[name], err_msg=name)
    assert dict(zarr.open_group(one, mode="r").attrs) == dict(zarr.open_group(two, mode="r").attrs)


def start(out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "flows.cli", "generate", "--preset", "smoke", "--plain", "--json", "--workers=1"]
    config = ["--tasks=2", "--demos=1", "--batch=2", f"--out={out}"]
    return subprocess.Popen([*command, *config], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_until(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_a_run_killed_between_two_batches_continues_to_the_same_dataset(undisturbed, tmp_path) -> None:
    _, expected = undisturbed
    out = tmp_path / "out"
    run = start(out)
    wait_until(lambda: list(out.glob("parts/*/report.json")), seconds=120)
    wait_until(lambda: len(list(out.glob("parts/*"))) == 2, seconds=60)
    children = psutil.Process(run.pid).children()
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    assert children
    wait_until(lambda: not any(c.is_running() and c.status() != psutil.STATUS_ZOMBIE for c in children), seconds=30)
    assert not (out / "dataset.zarr").exists()
    assert len(list(out.glob("parts/*/report.json"))) == 1
    done = next(out.glob("parts/*/report.json"))
    written = done.stat().st_mtime_ns

    again = start(out)
    _, said = again.communicate(timeout=240)
    assert again.returncode == 0, said.decode()
    assert done.stat().st_mtime_ns == written, "a finished batch was done twice"
    assert_equal_datasets(expected / "dataset.zarr", out / "dataset.zarr")


def test_ctrl_c_says_how_to_go_on(tmp_path) -> None:
    out = tmp_path / "out"
    run = start(out)
    wait_until(lambda: list(out.glob("parts/*")), seconds=60)
    os.kill(run.pid, signal.SIGINT)
    printed, said = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "same command goes on" in said.decode()
    assert b"Traceback" not in said
    assert printed == b""
    assert not list(out.glob("parts/*/report.json"))
