"""Eight batches that are submitted at once all finish, and none of their runs is lost, on SQLite and on Postgres."""

from __future__ import annotations

import json
import os
import pwd
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.dataset import open_dataset

BATCHES, TASKS = 8, 1
LOCKED = "database is locked"


@contextmanager
def postgres(home: Path) -> Iterator[str]:
    """The URL of a database of Debian's PostgreSQL on loopback, in a process of a user that is not root."""
    tools = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not tools:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    user = "postgres" if os.getuid() == 0 else None
    data, port = home / "data", _free_port()
    data.mkdir(parents=True)
    if user is not None:
        for folder in (home, data):
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        _let_through(home)
    init = [tools[-1] / "initdb", "--pgdata", data, "--auth", "trust", "--username", "taskloom", "--encoding", "UTF8"]
    subprocess.run(init, user=user, cwd="/", check=True, capture_output=True, timeout=120)
    with (home / "postgres.log").open("ab") as log:
        server = subprocess.Popen(
            [tools[-1] / "postgres", "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", data],
            user=user,
            cwd="/",
            stdout=log,
            stderr=log,
        )
    try:
        ready = [tools[-1] / "pg_isready", "-h", "127.0.0.1", "-p", str(port)]
        deadline = time.monotonic() + 60
        while subprocess.run(ready, capture_output=True, check=False).returncode != 0:
            assert time.monotonic() < deadline, (home / "postgres.log").read_text()
            time.sleep(0.2)
        yield f"postgresql+asyncpg://taskloom@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(30)


@pytest.mark.long
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_eight_batches_at_once_lose_no_run(prefect_rig: Any, tmp_path: Path, database: str) -> None:
    if database == "sqlite":
        told = _eight(prefect_rig.Rig(tmp_path / "home"))
    else:
        with postgres(tmp_path / "postgres") as url:
            told = _eight(prefect_rig.Rig(tmp_path / "home", database=url))
        assert told["locked"] == 0
    print(json.dumps({database: told}))
    if keep := os.environ.get("TASKLOOM_RESULTS"):
        (Path(keep) / f"eight_batches_{database}.json").write_text(json.dumps(told, indent=1) + "\n")
    assert told["batches"] == {"COMPLETED": BATCHES}
    assert told["tasks"] == {"COMPLETED": BATCHES * TASKS}
    assert told["demonstrations"] == BATCHES * TASKS
    assert told["left over"] == []


def _eight(rig: Any) -> dict[str, Any]:
    with rig:
        rig.work("control", "cpu")
        rig.deploy()
        began = time.monotonic()
        request = {"preset": "smoke", "tasks": TASKS, "demos": 1, "batch": 1}
        ids = [rig.submit("generate-batch/generate", request={**request, "seed": k}) for k in range(BATCHES)]
        ended = rig.ended(*ids, seconds=1800)
        seconds = time.monotonic() - began
        children = [child for i in ids for child in rig.children(i).values()]
        datasets = [open_dataset(place) for place in rig.runs.glob("*/dataset.zarr")]
        waiting = {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}
        wanted = [*ids, *(child["id"] for child in children)]
        left = rig.post("/flow_runs/filter", {"flow_runs": {"state": waiting, "id": {"any_": wanted}}})
        return {
            "batches": dict(Counter(run["state_type"] for run in ended)),
            "tasks": dict(Counter(run["state_type"] for run in children)),
            "starts": sum(run["run_count"] for run in (*ended, *children)),
            "demonstrations": sum(len(dataset) for dataset in datasets),
            "left over": [run["name"] for run in left],
            "locked": rig.log("server").read_text().count(LOCKED),
            "seconds": round(seconds, 1),
        }


def _let_through(folder: Path) -> None:
    """Another user may pass through the folders of the tests."""
    for parent in (folder, *folder.parents):
        if parent.owner() == "root" and parent not in (Path("/"), Path("/tmp")):
            parent.chmod(parent.stat().st_mode | 0o055)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
