"""The environment of each kind of process: what Prefect is told, which GPU is seen, and who may know a secret."""

from __future__ import annotations

import os
import re
import secrets
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from flows.devices import pinned
from flows.engine_client import HOST_VARIABLE
from flows.installation.home import HOME, RUNS, Home
from flows.installation.plan import Installation, checkout
from flows.installation.processes import MARK, UNIT
from flows.limits import MODEL_CALLS, SIMULATIONS
from flows.worker_process import SINGLE_THREADED
from pipeline.core.errors import InvalidInputError
from pipeline.core.files import write_atomically
from pipeline.llm.anthropic import KEYS

DATABASE = "TASKLOOM_DATABASE"
SERVER_AUTH, CLIENT_AUTH = "PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"
DATABASE_URL = "PREFECT_SERVER_DATABASE_CONNECTION_URL"
FOR_THE_SERVER = (DATABASE, DATABASE_URL, "PREFECT_API_DATABASE_CONNECTION_URL", SERVER_AUTH)
"""What no other process is given."""

MODEL_LIMIT = "model-calls"
HEARTBEAT_SECONDS = 30
"""The least that Prefect allows."""

SETTINGS: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_CLIENT_MAX_RETRIES": "6",  # 2 + 4 + 8 + 16 + 32 + 64 s: a server that is being restarted is waited for
    "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500",  # SQLite that is busy for too long answers so
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
    "PREFECT_WORKER_QUERY_SECONDS": "3",
    "PREFECT_WORKER_PREFETCH_SECONDS": "0",  # a run that is due later must not sit in a worker that may die
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
SERVER_SETTINGS: Mapping[str, str] = {
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # Kept in memory, leases are forgotten when the server restarts, and the places they stand for never come back.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5",  # s between looks at the schedules; 60 by default
    "PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS": "1",  # s until a waiting task looks again; 30 by default
    "PREFECT_SERVER_DATABASE_TIMEOUT": "60",  # s that a statement may wait for SQLite's one writer
}


def base(home: Home, unit: str) -> dict[str, str]:
    """What every process of the installation has: the caller's environment less the secrets, and the marks."""
    hidden = (*FOR_THE_SERVER, *KEYS)
    kept = {k: v for k, v in os.environ.items() if k not in hidden and not k.startswith("PREFECT_")}
    return {**kept, HOME: str(home.root), RUNS: str(home.runs), MARK: home.mark(), UNIT: unit, **python_path()}


def python_path() -> dict[str, str]:
    """The package is found from any working folder, also when it was started from a checkout that is not installed."""
    known = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    root = str(checkout())
    return {"PYTHONPATH": os.pathsep.join([root, *(p for p in known if p != root)])}


def client(home: Home, installation: Installation) -> dict[str, str]:
    """For whoever talks to the server."""
    auth = auth_string(home, installation)
    return {
        **SETTINGS,
        "PREFECT_HOME": str(home.prefect),
        "PREFECT_PROFILES_PATH": str(home.prefect / "profiles.toml"),
        "PREFECT_API_URL": installation.api,
        **({CLIENT_AUTH: auth} if auth else {}),
    }


def server(home: Home, installation: Installation) -> dict[str, str]:
    """Of the Prefect server."""
    auth = auth_string(home, installation)
    return {
        **base(home, "server"),
        **client(home, installation),
        **SERVER_SETTINGS,
        DATABASE_URL: database_url(home),
        **({"PREFECT_UI_API_URL": "/api"} if installation.exposed else {}),  # under whatever name it is reached
        **({SERVER_AUTH: auth} if auth else {}),
    }


def worker(home: Home, installation: Installation, unit: str) -> dict[str, str]:
    """Of a worker and of the flow runs that it starts."""
    own = {
        **base(home, unit),
        **client(home, installation),
        **SINGLE_THREADED,
        "TASKLOOM_FILES_URL": installation.files_url if installation.serves else "",
        MODEL_CALLS: MODEL_LIMIT,
        "TASKLOOM_RESTARTS": str(installation.restarts),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }
    return {k: v for k, v in own.items() if v}


def simulating(home: Home, installation: Installation, unit: str, *, gpu: int | None = None) -> dict[str, str]:
    """Of a worker whose flow runs use the engines of a device."""
    return {
        **worker(home, installation, unit),
        **card(gpu),
        HOST_VARIABLE: str(home.socket(engine_name(gpu))),
        SIMULATIONS: simulation_limit(installation, gpu),
    }


def engine(home: Home, installation: Installation, unit: str, *, gpu: int | None = None) -> dict[str, str]:
    """Of an engine host, whose engines may ask a model and wait for the limit of calls on the server."""
    keys = {k: v for k in KEYS if (v := os.environ.get(k))}
    return {
        **base(home, unit),
        **client(home, installation),
        MODEL_CALLS: MODEL_LIMIT,
        **card(gpu),
        **keys,
    }


def provisioning(home: Home, installation: Installation) -> dict[str, str]:
    """Of the short process that stores the keys as blocks on the server; it alone beside the engines is given them."""
    keys = {k: v for k in KEYS if (v := os.environ.get(k))}
    return {**base(home, "provision"), **client(home, installation), **keys}


def engine_name(gpu: int | None) -> str:
    """What the unit and the socket of a device's engine host are called."""
    return f"engines-{device_name(gpu)}"


def device_name(gpu: int | None) -> str:
    """cpu, gpu0, gpu1 and so on."""
    return "cpu" if gpu is None else f"gpu{gpu}"


def simulation_limit(installation: Installation, gpu: int | None) -> str:
    """Name of the limit of engines at once on a device; another machine than the server's adds its own name."""
    machine = "" if installation.serves else f"-{machine_name()}"
    return f"sim-{device_name(gpu)}{machine}"


def machine_name() -> str:
    """The host's name, as far as Prefect takes it in names."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", socket.gethostname().partition(".")[0]) or "machine"


def card(gpu: int | None) -> Mapping[str, str]:
    """Shows a process one graphics card: to CUDA, and to the renderers."""
    return {} if gpu is None else pinned(f"gpu:{gpu}")


def database_url(home: Home) -> str:
    """Of the environment, with the driver that Prefect needs; SQLite in the home by default."""
    asked = os.environ.get(DATABASE) or os.environ.get(DATABASE_URL) or ""
    if not asked:
        return f"sqlite+aiosqlite:///{home.prefect}/prefect.db"
    scheme, separator, rest = asked.partition("://")
    if not separator or scheme not in ("postgres", "postgresql", "postgresql+asyncpg", "sqlite+aiosqlite"):
        raise InvalidInputError(
            f"The database URL begins with {scheme!r}; allowed: postgresql://USER:PASSWORD@HOST/NAME. "
            "Leave it out for SQLite in the installation's folder."
        )
    return asked if "+" in scheme else f"postgresql+asyncpg://{rest}"


def auth_string(home: Home, installation: Installation) -> str:
    """USER:PASSWORD of the server: of the environment, else the generated one if the server is exposed, else none.

    Raises :class:`InvalidInputError` for one that is set but is no USER:PASSWORD.
    """
    names = (SERVER_AUTH, CLIENT_AUTH) if installation.serves else (CLIENT_AUTH, SERVER_AUTH)
    for name in names:
        given = os.environ.get(name)
        if given is None:
            continue
        user, _, password = given.partition(":")
        if not user or not password:
            raise InvalidInputError(f"{name} must be USER:PASSWORD. Unset it to let `taskloom up` generate one.")
        return given
    if not installation.exposed:
        return ""
    if not home.auth.exists():
        write_atomically(home.auth, f"taskloom:{secrets.token_urlsafe(24)}", mode=0o600)
    return home.auth.read_text().strip()
