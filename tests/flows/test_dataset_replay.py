"""``taskloom dataset verify --replay``: a run's dataset is sound, and its episodes come out as stored."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from flows.cli import app
from flows.report import RunReport


def test_the_dataset_of_a_run_verifies_and_replays(undisturbed: tuple[RunReport, Path]) -> None:
    dataset = undisturbed[1] / "dataset.zarr"
    done = CliRunner().invoke(app, ["dataset", "verify", str(dataset), "--replay", "2", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"sound": True, "problems": [], "replayed": 2}
