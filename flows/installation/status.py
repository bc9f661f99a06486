"""What an installation says of itself: its addresses, its processes, and what the server has to do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from flows.engine_client import host_status
from flows.installation import environment
from flows.installation.home import Home
from flows.installation.plan import POOLS, Installation
from flows.installation.state import State
from pipeline.core.errors import TaskloomError
from pipeline.core.geometry import Frozen

COUNTED = ("RUNNING", "PENDING", "SCHEDULED", "PAUSED", "CANCELLING", "COMPLETED", "FAILED", "CRASHED", "CANCELLED")


class Links(Frozen):
    """Where to look."""

    runs: str
    artifacts: str
    submit: str
    files: str = ""
    data: str
    logs: str
    auth: str = Field(default="", description="where the server's user and password are written, if it wants them")
    notes: tuple[str, ...] = ()


class ProcessStatus(Frozen):
    """One kept process."""

    name: str
    alive: bool
    pid: int | None
    restarts: int
    said: str = ""


class EngineStatus(Frozen):
    """One engine host."""

    slots: int = 0
    at_work: tuple[str, ...] = Field(default=(), description="batches")
    waiting: int = Field(default=0, description="batches that wait for a slot")
    done: int = 0
    error: str = ""


class PoolStatus(Frozen):
    """One work pool: who works for it and what waits."""

    workers: dict[str, str] = Field(description="state of each worker that ever polled it lately: ONLINE or OFFLINE")
    waiting: int = Field(description="runs that are due and not begun")
    running: int


class LimitStatus(Frozen):
    """A global concurrency limit."""

    limit: int
    taken: int


class Status(Frozen):
    """Everything at a glance."""

    up: bool
    phase: str
    links: Links
    server: str = Field(description="answers, or why not")
    processes: tuple[ProcessStatus, ...]
    engines: dict[str, EngineStatus] = Field(default_factory=dict)
    runs: dict[str, int] = Field(default_factory=dict)
    late: int = 0
    pools: dict[str, PoolStatus] = Field(default_factory=dict)
    limits: dict[str, LimitStatus] = Field(default_factory=dict)
    on_dataset: tuple[str, ...] = ()


def links_of(home: Home, installation: Installation) -> Links:
    """The pages and folders of an installation."""
    url = installation.url
    notes = home.root / "notes.txt"
    return Links(
        runs=f"{url}/v2/runs",
        artifacts=f"{url}/v2/artifacts",
        submit=f"{url}/v2/deployments",
        files=installation.files_url if installation.serves else "",
        data=str(home.runs),
        logs=str(home.logs),
        auth=str(home.auth) if home.auth.exists() and installation.exposed else "",
        notes=tuple(notes.read_text().splitlines()) if notes.exists() else (),
    )


def status_of(home: Home, state: State) -> Status:
    """Of a running installation; a server that does not answer is told, not raised."""
    known = Status(
        up=True,
        phase=state.phase,
        links=links_of(home, state.installation),
        server="",
        processes=tuple(
            ProcessStatus(
                name=u.name, alive=u.alive, pid=u.process.pid if u.process else None, restarts=u.restarts, said=u.said
            )
            for u in state.units
        ),
        engines={u.name: _engines(home.socket(u.name)) for u in state.units if u.name.startswith("engines-")},
    )
    connect(home, state.installation)
    try:
        return known.model_copy(update={"server": "answers", **_ask_server()})
    except Exception as error:  # whatever it was, the rest of the status is worth telling
        return known.model_copy(update={"server": f"does not answer ({type(error).__name__})"})


def _engines(socket: Path) -> EngineStatus:
    try:
        told = host_status(socket, patience=0.0)
    except TaskloomError as error:
        return EngineStatus(error=str(error))
    at_work = tuple(s.at_work for s in told.slots if s.at_work is not None)
    return EngineStatus(slots=len(told.slots), at_work=at_work, waiting=told.waiting, done=told.done)


def connect(home: Home, installation: Installation) -> None:
    """Point this process' Prefect at the installation; call it before prefect is imported."""
    os.environ.update(environment.client(home, installation))
    os.environ.update({"PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_CLIENT_MAX_RETRIES": "1"})


def server_error(error: Exception) -> TaskloomError:
    """What a failed call to the server means for the user."""
    return TaskloomError(f"The server does not answer ({type(error).__name__}). Look with `taskloom status`.")


def _ask_server() -> Mapping[str, Any]:
    from prefect.client.orchestration import get_client

    from flows.installation.automations import followers

    with get_client(sync_client=True) as client:
        limits = client.read_global_concurrency_limits(limit=200)
        return {
            "runs": {state.lower(): _count(client, {"type": {"any_": [state]}}) for state in COUNTED},
            "late": _count(client, {"name": {"any_": ["Late"]}}),
            "pools": {pool: _pool(client, pool) for pool in POOLS},
            "limits": {c.name: LimitStatus(limit=c.limit, taken=c.active_slots) for c in limits},
            "on_dataset": tuple(followers(client)),
        }


def _count(client: Any, state: dict[str, Any], pool: str | None = None, *, due: bool = False) -> int:
    asked: dict[str, Any] = {"flow_runs": {"state": state}}
    if due:
        asked["flow_runs"]["next_scheduled_start_time"] = {"before_": datetime.now(UTC).isoformat()}
    if pool is not None:
        asked["work_pools"] = {"name": {"any_": [pool]}}
    return client.request("POST", "/flow_runs/count", json=asked).json()


def _pool(client: Any, pool: str) -> PoolStatus:
    workers = client.request("POST", f"/work_pools/{pool}/workers/filter", json={}).json()
    return PoolStatus(
        workers={w["name"]: w["status"] for w in workers},
        waiting=_count(client, {"type": {"any_": ["SCHEDULED"]}}, pool, due=True),
        running=_count(client, {"type": {"any_": ["RUNNING"]}}, pool),
    )
