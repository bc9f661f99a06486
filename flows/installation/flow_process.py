"""The process of one flow run, as the workers start it: known to the machine, and gone when its worker is.

Prefect's worker leaves its flow runs behind when it is killed. Here a run ends with its worker, so that the run that
takes its place is alone; and its process is written down, so that :mod:`flows.installation.reaper` can tell the server
of a run whose process has ended.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading
import time
import urllib.error
import urllib.request

from flows.installation.child import end_family
from flows.installation.home import this_home
from flows.installation.processes import ProcessId
from pipeline.core.files import write_atomically

LOOK_SECONDS = 0.5
SERVER_SECONDS = 180.0
"""How long a server that is being restarted is waited for."""

RUN_ID = "PREFECT__FLOW_RUN_ID"


def main() -> None:
    """Register, wait for the server, run the flow."""
    parent = os.getppid()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    folder = this_home().flow_processes
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / f"{os.environ[RUN_ID]}.json", ProcessId.of().model_dump_json())
    _await_server(f"{os.environ['PREFECT_API_URL']}/health")
    sys.argv = ["prefect.engine"]
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    end_family()


def _await_server(url: str) -> None:
    """A client that has never reached its server gives up at the first refusal, so the first try waits."""
    deadline = time.monotonic() + SERVER_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
