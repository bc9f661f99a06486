"""WorkerProcess: one child that runs a simulator, and the conversation with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.folder import RunFolder
from flows.jobs import BatchJob, BatchReport
from flows.machine import rendering_environment
from flows.notices import Listener, Notice
from pipeline.core.errors import (
    AssetError,
    EngineHostError,
    InvalidInputError,
    OutputError,
    RenderingError,
    TaskloomError,
    WorkerDiedError,
)

SINGLE_THREADED: Mapping[str, str] = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "TI_NUM_THREADS": "1",
    "LP_NUM_THREADS": "1",
    "PYTHONUNBUFFERED": "1",
}
KNOWN: Mapping[str, type[TaskloomError]] = {
    c.__name__: c for c in (OutputError, RenderingError, AssetError, InvalidInputError, EngineHostError, TaskloomError)
}


@dataclass(frozen=True)
class Kind:
    """What a process keeps warm."""

    backend: str
    device: str

    @classmethod
    def of(cls, job: BatchJob) -> Kind:
        """What the job needs."""
        return cls(job.config.backend, job.config.device)


class WorkerProcess:
    """A child whose engine starts at once; ``log`` gets what it says before its first job, later the job's folder.

    ``inherited`` are file descriptors that stay open as long as the child lives.
    """

    def __init__(self, kind: Kind, log: Path, *, env: Mapping[str, str], inherited: Sequence[int] = ()) -> None:
        self.kind, self.log = kind, log
        self.jobs = self._sent = 0
        self.tired = False
        with log.open("ab") as file:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "flows.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                env={**os.environ, **SINGLE_THREADED, **rendering_environment(kind.backend), **env},
                start_new_session=True,  # Ctrl-C reaches the parent alone, which ends its children itself
                pass_fds=inherited,
            )
        self._send({"kind": "warm"})

    @property
    def pid(self) -> int:
        """Process id."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._child.poll() is None

    def do(self, job: BatchJob, folder: RunFolder, tell: Listener) -> BatchReport:
        """Do a job; raises :class:`WorkerDiedError` when the process ends first.

        After an error of any kind, and after a batch that failed, it should not be used again: it is ``tired``.
        """
        self.jobs += 1
        log = folder.logs.absolute() / self.log.name
        out = str(folder.root.absolute())
        fit, self.tired = not self.tired, True
        self._send({"kind": "job", "job": job.model_dump(mode="json"), "out": out, "log": str(log)})
        answer = self._answer(tell)
        if answer["kind"] == "error":
            raise as_exception(answer["type"], f"{answer['message']} (details in logs/{log.name})")
        report = BatchReport.model_validate(answer["report"])
        self.tired = not fit or report.status == "failed"
        return report

    def kill(self) -> None:
        """End the process at once; parts are committed whole, so nothing is lost by it."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                _close_quietly(pipe)

    def _answer(self, tell: Listener) -> dict[str, Any]:
        """What the last message is answered with; a child that nobody listens to any more is ended."""
        try:
            while True:
                message = self._receive()
                if message.get("id") != self._sent:
                    continue
                if message["kind"] != "notice":
                    return message
                tell(Notice.model_validate(message["notice"]))
        except BaseException:
            self._child.kill()
            raise

    def _send(self, message: dict[str, Any]) -> None:
        self._sent += 1
        where = {"id": self._sent, "backend": self.kind.backend, "device": self.kind.device}
        assert self._child.stdin is not None
        try:
            self._child.stdin.write((json.dumps({**message, **where}) + "\n").encode())
            self._child.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._death() from None

    def _receive(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise self._death()
        return json.loads(line)

    def _death(self) -> WorkerDiedError:
        code = self._child.wait()
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        return WorkerDiedError(f"Worker process {self._child.pid} ended ({how}); its log is logs/{self.log.name}.")


def as_exception(kind: str, text: str) -> Exception:
    """An error that arrived as words: of its own class where a caller may want to tell it from others."""
    known = KNOWN.get(kind)
    return known(text) if known else TaskloomError(f"{kind}: {text}")


def _close_quietly(pipe: Any) -> None:
    try:
        pipe.close()
    except (BrokenPipeError, ValueError):
        return
