"""EmbeddedServer: a Prefect server on the loopback interface whose database lives inside OUT and which dies with us."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from pipeline.core.errors import TaskloomError

STARTUP_SECONDS = 120.0
"""A cold start migrates an empty database: about 20 s on two busy cores, several times that on a fresh machine."""

IDLE_SERVICES = ("SCHEDULER", "LATE_RUNS", "FOREMAN", "CANCELLATION_CLEANUP", "PAUSE_EXPIRATIONS", "REPOSSESSOR")
"""Services for deployments and workers, of which an embedded server has none; polling costs the run processor time."""


class EmbeddedServer:
    """A context in which a Prefect server with its UI listens on ``url``; ``home`` is its PREFECT_HOME."""

    def __init__(self, home: Path, log: Path, *, port: int = 0) -> None:
        self.home, self.log = home, log
        self.port = port or _free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a client of this server needs in its environment before it imports prefect."""
        return {**quiet_environment(self.home), "PREFECT_API_URL": f"{self.url}/api"}

    def start(self) -> EmbeddedServer:
        """Begin to start it; :meth:`wait` says when it answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "flows.server", str(self.port)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        return self

    def wait(self, seconds: float = STARTUP_SECONDS) -> None:
        """Return once the API answers; raises :class:`TaskloomError` when it ended or did not come up in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._child.poll() is not None:
                raise TaskloomError(f"The Prefect server ended with code {self._child.returncode}. Read {self.log}.")
            if _healthy(f"{self.url}/api/health"):
                return
            time.sleep(0.2)
        raise TaskloomError(f"The Prefect server did not answer within {seconds:.0f} s. Read {self.log}.")

    def join(self) -> int:
        """Wait until the server ends by itself."""
        return self._child.wait()

    def stop(self) -> None:
        """End it, politely first so that SQLite closes its journal."""
        self._child.terminate()
        try:
            self._child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdin is not None:
            self._child.stdin.close()

    def __enter__(self) -> EmbeddedServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def quiet_environment(home: Path) -> Mapping[str, str]:
    """Prefect settings of an unattended run: own home, no analytics, no promotions, warnings only on the terminal."""
    return {
        "PREFECT_HOME": str(home.absolute()),
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home.absolute()}/prefect.db",
        "PREFECT_PROFILES_PATH": str(home.absolute() / "profiles.toml"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_CLI_PROMPT": "false",
        **{f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in IDLE_SERVICES},
        "DO_NOT_TRACK": "1",
        **client_environment(),
    }


def client_environment() -> Mapping[str, str]:
    """Settings that also hold when the server is somebody else's: the terminal belongs to the progress bars."""
    return {
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_LEVEL": "INFO",
        "DO_NOT_TRACK": "1",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _die_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _serve(port: str) -> None:
    """The child: ``prefect server start`` with local pages, watched by the pipe to its parent."""
    from flows.prefect_server import main

    threading.Thread(target=_die_with_parent, daemon=True).start()
    sys.argv = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
    main()


if __name__ == "__main__":
    _serve(sys.argv[1])
