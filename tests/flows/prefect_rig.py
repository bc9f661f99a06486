"""A rig for tests of the flows: a Prefect server of its own on loopback, process workers and our deployments."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

REPO = Path(__file__).parents[2]
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
STARTUP_SECONDS = 180.0


class Rig:
    """A context in which server and workers run; whatever it started is gone afterwards."""

    def __init__(self, home: Path, *, database: str | None = None, **environment: str) -> None:
        self.home, self.runs, self.port = home, home / "runs", _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._http = httpx.Client(base_url=f"{self.url}/api", timeout=60)
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(REPO),
            "PREFECT_HOME": str(home / "prefect"),
            "PREFECT_PROFILES_PATH": str(home / "prefect" / "profiles.toml"),
            "PREFECT_API_URL": f"{self.url}/api",
            "PREFECT_API_DATABASE_CONNECTION_URL": database or f"sqlite+aiosqlite:///{home}/prefect/prefect.db",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_LOCAL_STORAGE_PATH": str(home / "results"),
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
            "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
            "PREFECT_CLIENT_MAX_RETRIES": "6",
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "3",
            "PREFECT_CLI_PROMPT": "false",
            "TASKLOOM_HOME": str(home),
            "TASKLOOM_RUNS": str(self.runs),
            **environment,
        }

    def __enter__(self) -> Rig:
        (self.home / "prefect").mkdir(parents=True)
        (self.home / "logs").mkdir()
        self.server = self.prefect("server", "start", "--host", "127.0.0.1", "--port", str(self.port), log="server")
        self.until(self._healthy, STARTUP_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            end(process)
        self._http.close()

    def log(self, name: str) -> Path:
        return self.home / "logs" / f"{name}.log"

    def prefect(self, *words: str, log: str, **environment: str) -> subprocess.Popen[bytes]:
        """A Prefect command in the background, in a process group of its own."""
        with self.log(log).open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "prefect", *words],
                cwd=REPO,
                stdout=file,
                stderr=file,
                env={**self.environment, **environment},
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def work(self, *pools: str, limit: int = 2) -> None:
        """A worker for each pool, which makes the pool; the control pool is not limited."""
        for pool in pools:
            limited = [] if pool == "control" else ["--limit", str(limit)]
            self.prefect("worker", "start", "--pool", pool, "--type", "process", *limited, log=f"worker-{pool}")
        for pool in pools:
            self.until(lambda pool=pool: self._http.get(f"/work_pools/{pool}").status_code == 200, STARTUP_SECONDS)

    def deploy(self) -> None:
        """Everything in prefect.yaml; the pool of GPUs is there, and nobody works in it."""
        if self._http.get("/work_pools/gpu").status_code != 200:
            self.post("/work_pools/", {"name": "gpu", "type": "process", "base_job_template": {}})
        deploying = self.prefect("--no-prompt", "deploy", "--all", log="deploy")
        assert deploying.wait(300) == 0, self.log("deploy").read_text()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """As Prefect's own client, which comes again when the database is busy."""
        answer, deadline = self._http.request(method, path, json=body), time.monotonic() + 60
        while answer.status_code == 503 and time.monotonic() < deadline:
            time.sleep(1)
            answer = self._http.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def post(self, path: str, body: Any) -> Any:
        return self.ask("POST", path, body)

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def logs(self, run: str) -> list[dict[str, Any]]:
        return self.post("/logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}})

    def submit(self, deployment: str, **parameters: Any) -> str:
        """The id of a new run of a deployment."""
        held = self.get(f"/deployments/name/{deployment}")
        return self.post(f"/deployments/{held['id']}/create_flow_run", {"parameters": parameters})["id"]

    def run(self, id: str) -> dict[str, Any]:
        return self.get(f"/flow_runs/{id}")

    def runs_of(self, flow: str, **conditions: Any) -> list[dict[str, Any]]:
        return self.post("/flow_runs/filter", {"flows": {"name": {"any_": [flow]}}, "flow_runs": conditions})

    def children(self, parent: str) -> dict[str, dict[str, Any]]:
        """By task name."""
        found = self.runs_of("generate-task", parent_flow_run_id={"any_": [parent]})
        return {run["parameters"]["task"]: run for run in found}

    def resume_crashed(self) -> None:
        """An automation, like that of an installation, for all runs with the tag ``resume``."""
        trigger = {
            "type": "event",
            "match": {"prefect.resource.id": "prefect.flow-run.*"},
            "match_related": {"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.resume"},
            "expect": ["prefect.flow-run.Crashed"],
            "posture": "Reactive",
            "threshold": 1,
        }
        again = {"type": "change-flow-run-state", "state": "SCHEDULED", "name": "AwaitingRetry"}
        self.post("/automations/", {"name": "resume", "trigger": trigger, "actions": [again]})

    def states(self, run: str) -> list[str]:
        """Names of the states that a run has been in."""
        return [s["name"] for s in self.get(f"/flow_run_states/?flow_run_id={run}")]

    def set_state(self, id: str, kind: str, name: str | None = None) -> None:
        """As a person or an automation would."""
        self.post(f"/flow_runs/{id}/set_state", {"state": {"type": kind, "name": name}, "force": False})

    def ended(self, *ids: str, seconds: float = 180.0) -> list[dict[str, Any]]:
        """Wait until runs are final."""
        try:
            self.until(lambda: all(self.run(i)["state_type"] in FINAL for i in ids), seconds)
        except AssertionError:
            raise AssertionError(self.story()) from None
        return [self.run(i) for i in ids]

    def until(self, condition: Callable[[], Any], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {seconds} s"
            time.sleep(0.2)

    def story(self) -> str:
        """What the runs say, for a test that failed."""
        runs = self.post("/flow_runs/filter", {"sort": "START_TIME_ASC"})
        told = [f"{r['name']}: {r['state_name']} {r['state'].get('message') or ''}" for r in runs]
        said = [f"{e['timestamp']} {e['message']}" for e in self.post("/logs/filter", {"sort": "TIMESTAMP_ASC"})]
        return "\n".join([*told, *said[-60:]])

    def _healthy(self) -> bool:
        assert self.server.poll() is None, self.log("server").read_text()
        try:
            return self._http.get("/health").is_success
        except httpx.TransportError:
            return False


def end(process: subprocess.Popen[bytes], how: Iterable[int] = (signal.SIGTERM, signal.SIGKILL)) -> None:
    """End a process and all of its group, politely first."""
    for number in how:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
    process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
