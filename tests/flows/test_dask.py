"""A batch whose attempts are tasks on a Dask cluster ends with the contents of a plain run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.flows.test_resume import assert_equal_datasets

COMMAND = [sys.executable, "-m", "flows.cli", "generate", "--preset=smoke", "--tasks=2", "--demos=1", "--batch=2"]


def processes_with(word: str) -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["environ"]) if word in str((p.info["environ"] or {}).values())]


@pytest.mark.long
def test_a_batch_on_dask_has_the_contents_of_a_plain_run_and_each_worker_an_engine(undisturbed, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [*COMMAND, "--dask=local", "--workers=2", "--json", f"--out={out}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["counts"]["written"] == 2
    assert_equal_datasets(undisturbed[1] / "dataset.zarr", out / "dataset.zarr")
    assert len(list((out / "logs").glob("dask-*.log"))) == 2
    assert processes_with(str(out)) == []


def test_dask_without_prefect_is_refused(tmp_path: Path) -> None:
    command = [*COMMAND, "--dask=local", "--plain", f"--out={tmp_path / 'out'}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 2
    assert "leave --plain away" in ended.stderr
