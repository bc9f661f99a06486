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

from flows.installation.child import end_family
from flows.installation.home import this_home
from flows.installation.patience import outlast_restarts
from flows.installation.processes import ProcessId
from pipeline.core.files import write_atomically

LOOK_SECONDS = 0.5
RUN_ID = "PREFECT__FLOW_RUN_ID"


def main() -> None:
    """Register, wait for the server, run the flow."""
    parent = os.getppid()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    folder = this_home().flow_processes
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / f"{os.environ[RUN_ID]}.json", ProcessId.of().model_dump_json())
    outlast_restarts()
    sys.argv = ["prefect.engine"]
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    end_family()


if __name__ == "__main__":
    main()
