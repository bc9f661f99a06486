"""What is looked at before anything is started, so that each thing that is wrong gets one clear message."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Sequence

import psutil

from flows.config import BACKENDS
from flows.installation import environment
from flows.installation.home import Home
from flows.installation.plan import Installation
from pipeline.core.errors import InvalidInputError, OutputError, SimulationError, TaskloomError, UnknownNameError

DATABASE_SECONDS, SERVER_SECONDS, IMPORT_SECONDS = 10, 10, 180
VENDORS = {"mujoco": "mujoco", "genesis": "genesis"}
"""The package that each physics backend stands on, quickest to import first; kinematic needs none."""


def check(home: Home, installation: Installation, *, free_gb: float) -> None:
    """Raise the first thing that would keep the installation from working."""
    check_disk(home, free_gb)
    if installation.serves:
        environment.auth_string(home, installation)
        check_port(installation.host, installation.port, "--port")
        check_port("127.0.0.1", installation.files_port, "--files-port")
        check_database(home)
    else:
        check_server(home, installation)
    if installation.workers or installation.gpus:
        check_simulators(installation.backends)


def check_disk(home: Home, free_gb: float) -> None:
    """Raises :class:`OutputError` when one of the disks has less than ``free_gb`` free."""
    for place in (home.root, home.runs):
        free = shutil.disk_usage(place).free / 1e9
        if free < free_gb:
            raise OutputError(
                f"{str(place)!r} has {free:.1f} GB free, {free_gb:g} GB are needed. Free some space, choose another "
                "disk with TASKLOOM_HOME and TASKLOOM_RUNS, or ask for less with --free-gb."
            )


def check_port(host: str, port: int, option: str) -> None:
    """Raises :class:`InvalidInputError` when the port cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)  # with SO_REUSEADDR only this tells a port that somebody listens on
        except OSError as error:
            owner = _listener(port)
            by = f" by {owner}" if owner else ""
            raise InvalidInputError(
                f"Port {port} of {host} is taken{by} ({error.strerror}). Choose another with {option}, or 0 for any."
            ) from None


def free_port(host: str, wanted: int) -> int:
    """``wanted``, or a free one for 0."""
    if wanted:
        return wanted
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def check_database(home: Home) -> None:
    """Raises :class:`InvalidInputError` when the Postgres that is named cannot be used; tells no password."""
    url = environment.database_url(home)
    if not url.startswith("postgresql"):
        return
    asyncio.run(_ask_postgres("postgresql://" + url.partition("://")[2]))


async def _ask_postgres(url: str) -> None:
    import asyncpg

    parts = urllib.parse.urlsplit(url)
    shown = f"{parts.hostname or 'the local socket'}:{parts.port or 5432}{parts.path}"
    advice = "Start it or correct --database; without it SQLite in the installation's folder is used."
    try:
        connection = await asyncpg.connect(url, timeout=DATABASE_SECONDS)
        await connection.close()
    except asyncpg.InvalidCatalogNameError:
        raise InvalidInputError(f"Database {shown} is missing: create it with createdb, or name another.") from None
    except asyncpg.InvalidAuthorizationSpecificationError:
        raise InvalidInputError(f"Database {shown} refuses user {parts.username!r} or the password.") from None
    except (OSError, ssl.SSLError, asyncpg.PostgresError, ValueError) as error:
        reason = str(error).replace(url, shown) if not parts.password else type(error).__name__
        raise InvalidInputError(
            f"Database {shown} cannot be reached ({reason or type(error).__name__}). {advice}"
        ) from None


def check_server(home: Home, installation: Installation) -> None:
    """Raises :class:`TaskloomError` when another machine's server does not answer, or not to us."""
    request = urllib.request.Request(f"{installation.api}/admin/version")
    auth = environment.auth_string(home, installation)
    if auth:
        request.add_header("Authorization", f"Basic {b64encode(auth.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=SERVER_SECONDS):
            return
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            raise InvalidInputError(
                f"The server {installation.url} wants a user and password: set {environment.CLIENT_AUTH}=USER:PASSWORD."
            ) from None
        raise TaskloomError(f"The server {installation.url} answers with {error.code}, not as Prefect does.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise TaskloomError(f"The server {installation.url} cannot be reached ({reason}). Check --server.") from None


def check_simulators(backends: Sequence[str]) -> None:
    """Raises :class:`SimulationError` when a named engine, or without a name every engine, cannot be imported."""
    for name in backends:
        if name not in BACKENDS.names:
            raise UnknownNameError("backend", name, BACKENDS.names)
    failures: dict[str, str] = {}
    for name in backends or VENDORS:
        problem = _import_problem(VENDORS[name]) if name in VENDORS else ""
        if not problem and not backends:
            return
        if problem:
            failures[name] = problem
    if failures:
        told = "; ".join(f"{name}: {problem}" for name, problem in failures.items())
        raise SimulationError(
            f"A worker here would have no simulator ({told}). Install one with pip install -e '.[sim]', look with "
            "`taskloom doctor`, or start without workers: --workers 0."
        )


def _import_problem(package: str) -> str:
    command = [sys.executable, "-c", f"import {package}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=IMPORT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"not imported within {IMPORT_SECONDS:.0f} s"
    said = done.stderr.strip().splitlines()
    return "" if done.returncode == 0 else said[-1] if said else f"the import ended with code {done.returncode}"


def _listener(port: int) -> str:
    """Who listens on a port, as far as this user may see it."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and getattr(connection.laddr, "port", None) == port
                and connection.pid
            ):
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    return ""
