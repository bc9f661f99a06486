"""The child side of a simulator process: JSON jobs in on stdin, JSON news out on stdout, everything else to the log.

Started as ``python -m flows.worker`` by :mod:`flows.workers`. The end of stdin means that the parent is gone: the
process ends at once, whatever it is doing, so that a killed run leaves no engine behind.
"""

from __future__ import annotations

import json
import os
import platform
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import IO, Any, TextIO, cast

from flows.jobs import BatchJob
from flows.notices import Notice
from flows.secrecy import SecretiveStream, keep_secrets_out_of_logs
from pipeline.core.errors import TaskloomError
from pipeline.core.secrecy import without_secrets


def main() -> int:
    """Serve jobs until stdin ends."""
    answers = _claim_stdout()
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    benches: dict[tuple[str, str], Any] = {}
    while True:
        request = jobs.get()
        try:
            answer = _serve(request, benches, answers)
        except Exception as error:
            traceback.print_exc()
            answer = {"kind": "error", "type": type(error).__name__, "message": without_secrets(str(error))}
        _tell(answers, {**answer, "id": request["id"]})


def _serve(request: dict[str, Any], benches: dict[tuple[str, str], Any], answers: IO[str]) -> dict[str, Any]:
    from flows.folder import RunFolder
    from flows.line import run_batch

    if request["kind"] == "job":
        _log_to(request["log"])
    bench = _bench(request["backend"], request["device"], benches)
    if request["kind"] == "warm":
        return {"kind": "warm"}
    job = BatchJob.model_validate(request["job"])
    sys.stderr.write(f"== {job.name} ({job.digest})\n")

    def notice(news: Notice) -> None:
        _tell(answers, {"kind": "notice", "id": request["id"], "notice": news.model_dump()})

    report = run_batch(job, RunFolder(Path(request["out"])), bench, notice=notice)
    return {"kind": "report", "report": report.model_dump(mode="json")}


def _bench(backend: str, device: str, benches: dict[tuple[str, str], Any]) -> Any:
    from assets.catalog import LibraryCatalog
    from flows.line import Bench
    from flows.stages import make_simulator

    if (backend, device) not in benches:
        catalog = LibraryCatalog()
        try:
            benches[backend, device] = Bench(catalog, make_simulator(backend, catalog, device=device))
        except ImportError as error:
            raise TaskloomError(
                f"The engine of backend {backend!r} is not installed on {platform.node()} ({error}). "
                "Install it there: pip install 'taskloom[sim]'."
            ) from error
    return benches[backend, device]


def _claim_stdout() -> IO[str]:
    """Keep the pipe to the parent for ourselves; whatever prints to stdout from now on goes to the log."""
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr = cast(TextIO, SecretiveStream(sys.stderr))
    keep_secrets_out_of_logs()
    return pipe


def _log_to(path: str) -> None:
    """From now on, whatever anything in this process prints goes to the end of that file."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    for stream in (1, 2):
        os.dup2(handle, stream)
    os.close(handle)


def _listen(jobs: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin:
        jobs.put(json.loads(line))
    os._exit(0)


def _tell(answers: IO[str], message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
