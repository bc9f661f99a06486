"""Processes of an installation, found by the mark in their environment, so that a reused pid is never mistaken."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable

import psutil

from pipeline.core.geometry import Frozen

MARK, UNIT = "TASKLOOM_INSTALLATION", "TASKLOOM_UNIT"
SAME_START = 0.05  # s; a process' start is derived from the boot time, which is not exact
KILL_SECONDS = 10.0


class ProcessId(Frozen):
    """A process that cannot be confused with a later one of the same pid."""

    pid: int
    started: float
    """Seconds since the epoch."""

    @classmethod
    def of(cls, pid: int | None = None) -> ProcessId:
        """Of a living process, by default this one; raises psutil.NoSuchProcess."""
        process = psutil.Process(pid)
        return cls(pid=process.pid, started=process.create_time())

    def find(self) -> psutil.Process | None:
        """The process, unless it has ended."""
        try:
            process = psutil.Process(self.pid)
            ended = process.status() == psutil.STATUS_ZOMBIE
            return None if ended or abs(process.create_time() - self.started) > SAME_START else process
        except psutil.Error:
            return None

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.find() is not None


def marked(mark: str, *, unit: str | None = None) -> list[psutil.Process]:
    """Living processes other than this one that carry the mark, of one unit or of all."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            environment = process.environ()
            ended = process.status() == psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):
            continue
        if not ended and environment.get(MARK) == mark and unit in (None, environment.get(UNIT)):
            found.append(process)
    return found


def end(processes: Iterable[psutil.Process], *, patience: float = KILL_SECONDS) -> None:
    """SIGTERM, and SIGKILL for those that are still there after ``patience`` seconds."""
    waiting = list(processes)
    for process in waiting:
        _quietly(process.terminate)
    _, left = psutil.wait_procs(waiting, timeout=patience)
    for process in left:
        _quietly(process.kill)
    psutil.wait_procs(left, timeout=KILL_SECONDS)


def sweep(mark: str, *, unit: str | None = None, spare: Iterable[int] = ()) -> int:
    """Kill what still carries the mark, until nothing does but ``spare``; how many there were."""
    spared, killed = set(spare), 0
    while left := [p for p in marked(mark, unit=unit) if p.pid not in spared]:
        killed += len(left)
        for process in left:
            _quietly(process.kill)
        psutil.wait_procs(left, timeout=KILL_SECONDS)
    return killed


def _quietly(act: Callable[[], object]) -> None:
    with contextlib.suppress(psutil.Error):
        act()
