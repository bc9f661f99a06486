"""What docs/training.md shows works as shown: a finished dataset starts a training run, and three lines read it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs" / "training.md"
REQUEST = {"preset": "smoke", "tasks": 2, "demos": 1, "batch": 2, "out": "ready"}


def shown(title: str = "") -> str:
    """A block of the page, by its title; the first one without."""
    fence = rf"```\w+ title={re.escape(title)}" if title else r"```python"
    found = re.search(rf"^{fence}\n(.*?)^```", DOCS.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None, title
    return found.group(1)


@pytest.fixture(scope="module")
def finished(flow_rig: Any, undisturbed: Any) -> Path:
    """A run of ``taskloom generate --plain`` in the runs root, which a batch goes on with."""
    place = flow_rig.runs / "ready"
    shutil.copytree(undisturbed[1], place)
    return place


def test_three_lines_read_a_dataset(undisturbed) -> None:
    lines = shown().replace("runs/demo/dataset.zarr", str(undisturbed[1] / "dataset.zarr"))
    said: dict[str, Any] = {}
    exec(lines, said)
    assert len(said["dataset"]) == 2
    assert all(words and actions.ndim == 2 for words, actions in said["episodes"])


def test_a_dataset_that_is_ready_starts_the_training_of_the_page(flow_rig, finished, tmp_path) -> None:
    for name in ("train.py", "prefect.yaml"):
        (tmp_path / name).write_text(shown(name))
    deploying = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    subprocess.run(deploying, cwd=tmp_path, env=flow_rig.environment, check=True, capture_output=True, timeout=120)
    batch = flow_rig.submit("generate-batch/generate", request=REQUEST)
    (run,) = flow_rig.ended(batch)
    assert run["state_type"] == "COMPLETED", flow_rig.story()
    assert flow_rig.children(batch) == {}, "everything was on disk"
    flow_rig.until(lambda: flow_rig.runs_of("train"), 60)
    (training,) = flow_rig.runs_of("train")
    (ended,) = flow_rig.ended(training["id"])
    assert ended["state_type"] == "COMPLETED", flow_rig.story()
    assert ended["parameters"] == {"path": str(finished / "dataset.zarr"), "episodes": 2}
    said = "2 episodes, [1-9][0-9]* steps to train on; 2 were announced"  # the server hears of it a little later
    flow_rig.until(lambda: any(re.match(said, line["message"]) for line in flow_rig.logs(training["id"])), 20)


def test_a_schedule_of_seconds_fires_again_and_again(flow_rig, finished) -> None:
    held = flow_rig.get("/deployments/name/validate-dataset/validate")
    schedule = {"schedule": {"interval": 4}, "active": True, "parameters": {"request": {"datasets": ["ready"]}}}
    flow_rig.post(f"/deployments/{held['id']}/schedules", [schedule])

    def done() -> list[dict[str, Any]]:
        return flow_rig.runs_of(
            "validate-dataset",
            deployment_id={"any_": [held["id"]]},
            tags={"all_": ["auto-scheduled"]},
            state={"type": {"any_": ["COMPLETED"]}},
        )

    flow_rig.until(lambda: len(done()) >= 2, 120)
    assert {run["name"] for run in done()} == {"validate ready"}
    for one in flow_rig.get(f"/deployments/{held['id']}/schedules"):
        flow_rig.ask("DELETE", f"/deployments/{held['id']}/schedules/{one['id']}")


def test_the_deployments_have_their_schedules_and_the_trigger(flow_rig) -> None:
    held = {f"{d['name']}": d for d in flow_rig.post("/deployments/filter", {})}
    assert {"generate", "nightly", "cpu", "gpu", "pack", "validate", "weekly", "ready", "check"} <= held.keys()
    crons = {n: [(s["schedule"]["cron"], s["active"]) for s in held[n]["schedules"]] for n in ("nightly", "weekly")}
    assert crons == {"nightly": [("0 2 * * *", False)], "weekly": [("0 4 * * 0", True)]}
    pools = {name: d["work_pool_name"] for name, d in held.items()}
    assert (pools["generate"], pools["cpu"], pools["gpu"]) == ("control", "cpu", "gpu")
    triggers = [a for a in flow_rig.post("/automations/filter", {}) if a["name"].startswith("ready")]
    assert [t["trigger"]["expect"] for t in triggers] == [["taskloom.dataset.ready"]]
