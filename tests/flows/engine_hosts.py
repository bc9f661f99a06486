"""Engine hosts in processes of their own, as a person starts them, and what can be seen of them from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

BUSY_SECONDS = 0.02
"""Processor time within a look at the processes that tells one at work from one that waits."""


class Host:
    """``taskloom engine-host`` on a socket in ``folder``."""

    def __init__(self, folder: Path, *words: str, env: Mapping[str, str] | None = None) -> None:
        self.socket, self.log = folder / "engines.sock", folder / "host.log"
        command = [sys.executable, "-m", "flows.cli", "engine-host", f"--socket={self.socket}", "--json", *words]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--supervised"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **(env or {})},
            )

    def ready(self) -> dict[str, Any]:
        """What it says once it listens."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        return json.loads(line)

    def simulators(self) -> list[psutil.Process]:
        """Its simulator processes at this moment."""
        try:
            return [p for p in psutil.Process(self.process.pid).children() if _runs(p, "flows.worker")]
        except psutil.NoSuchProcess:
            return []

    def end(self) -> int:
        """End it as a supervisor does that goes away."""
        self.process.communicate(timeout=60)
        return self.process.returncode

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.process.kill()
        self.process.communicate()

    def refusal(self) -> str:
        """What one says that does not begin to serve."""
        assert self.process.wait(timeout=60) == 2
        self.end()
        return self.log.read_text()


@contextmanager
def host(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> Iterator[Host]:
    """A host that listens."""
    started = Host(folder, *words, env=env)
    try:
        started.ready()
        yield started
    finally:
        if started.process.poll() is None:
            started.end()


class Watch(threading.Thread):
    """Looks again and again how many simulator processes there are, and how many of them are computing."""

    def __init__(self, simulators: Callable[[], list[psutil.Process]]) -> None:
        super().__init__(daemon=True)
        self._simulators = simulators
        self._over = threading.Event()
        self.most = self.most_at_work = self.looks = 0

    def run(self) -> None:
        spent = dict[int, float]()
        while not self._over.wait(0.1):
            there = {p.pid: seconds for p in self._simulators() if (seconds := cpu_seconds(p)) is not None}
            at_work = sum(seconds - spent.get(pid, seconds) >= BUSY_SECONDS for pid, seconds in there.items())
            self.most, self.most_at_work = max(self.most, len(there)), max(self.most_at_work, at_work)
            self.looks += 1
            spent = there

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._over.set()
        self.join()


def cpu_seconds(process: psutil.Process) -> float | None:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return None
    return times.user + times.system


def all_simulators(socket: Path) -> list[psutil.Process]:
    """Every living process that holds a slot of a socket, whosever child it is."""
    return [p for p in psutil.process_iter() if _runs(p, "flows.worker") and _holds(p, f"{socket.name}.slot-", socket)]


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _runs(process: psutil.Process, module: str) -> bool:
    try:
        return module in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _holds(process: psutil.Process, prefix: str, socket: Path) -> bool:
    try:
        held = [str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
    except OSError:
        return False
    return any(target.startswith(str(socket.parent / prefix)) for target in held)
