"""Starting and stopping an installation from outside: what ``taskloom up`` and ``taskloom down`` do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

from flows.installation.environment import python_path
from flows.installation.home import HOME, RUNS, Home
from flows.installation.processes import MARK, end, sweep
from flows.installation.state import State, read_state
from pipeline.core.errors import TaskloomError

LOOK_SECONDS = 0.2
STOP_SECONDS = 90.0
"""The supervisor's own patience with workers, the last report and the server, added up."""


def refuse_twice(home: Home) -> None:
    """Raises :class:`TaskloomError` when the home's installation is running."""
    state = read_state(home)
    if state is not None and state.phase != "failed" and state.supervisor.alive:
        raise TaskloomError(
            f"Taskloom is up already in {str(home.root)!r}: {state.installation.url}/v2. See `taskloom status`; stop "
            "it with `taskloom down`, or start another one under another TASKLOOM_HOME and --port."
        )


def start(home: Home, *, say: Callable[[str], None]) -> State:
    """Start the supervisor, which outlives this process, and wait until all is up; raises what went wrong."""
    with (home.logs / "supervisor.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "flows.installation.supervisor"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **python_path(), MARK: home.mark(), HOME: str(home.root), RUNS: str(home.runs)},
            cwd=home.root,
            start_new_session=True,
        )
    while True:
        state = read_state(home)
        if state is not None and state.supervisor.pid == child.pid:
            if state.phase == "ready":
                return state
            if state.phase == "failed":
                child.wait()
                raise TaskloomError(state.error)
            say(state.step)
        if child.poll() is not None:
            log = home.logs / "supervisor.log"
            raise TaskloomError(f"The supervisor ended with code {child.returncode}. Read {log}.")
        time.sleep(LOOK_SECONDS)


def stop(home: Home) -> bool:
    """End everything that runs under the home's mark; False when nothing did."""
    state = read_state(home)
    supervisor = None if state is None else state.supervisor.find()
    if supervisor is not None:
        end([supervisor], patience=STOP_SECONDS)
    left = sweep(home.mark())
    home.state.unlink(missing_ok=True)
    return supervisor is not None or left > 0
