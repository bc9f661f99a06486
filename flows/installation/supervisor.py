"""The supervisor: ``python -m flows.installation.supervisor`` keeps an installation's processes running until SIGTERM.

One that dies is started again, after whatever it had started itself has been ended. All of them end with the
supervisor, also when it is killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from types import FrameType

from flows.installation import environment
from flows.installation.home import Home, this_home
from flows.installation.plan import Installation, load_installation
from flows.installation.processes import ProcessId, sweep
from flows.installation.state import Phase, State, locked
from flows.installation.unit_process import UnitProcess
from flows.installation.units import machine_units, server_unit
from pipeline.core.errors import TaskloomError

LOOK_SECONDS = 0.25
START_SECONDS = 300.0
"""A first start migrates an empty database: about 20 s on two busy cores, several times that on a fresh machine."""

PROVISION_SECONDS, REAP_SECONDS = 600.0, 60.0
WORKER_PATIENCE, PATIENCE = 12.0, 5.0
"""Seconds between SIGTERM and SIGKILL; a worker first ends its flow runs."""


class Stopped(Exception):
    """SIGTERM or Ctrl-C."""


class Supervisor:
    """Starts, watches and ends the units of one installation."""

    def __init__(self, home: Home, installation: Installation) -> None:
        self.home, self.installation = home, installation
        self.units: list[UnitProcess] = []
        self._me = ProcessId.of()
        self._written: State | None = None

    def run(self) -> int:
        """Until it is told to stop; 0 then, 1 when the installation could not be started."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _stop)
        try:
            self._start()
            while True:
                self._look()
        except Stopped:
            self._write("stopping", step="ending workers")
            self._end()
            self.home.state.unlink(missing_ok=True)
            return 0
        except (TaskloomError, OSError) as error:
            self._end()
            self._write("failed", error=str(error))
            return 1

    def _start(self) -> None:
        sweep(self.home.mark())
        self._write("starting", step="starting the server" if self.installation.serves else "reaching the server")
        if self.installation.serves:
            self._add(UnitProcess(server_unit(self.home, self.installation), self.home))
        self._await_server()
        self._write("starting", step="pools, limits, automations and deployments")
        self._provision()
        for unit in machine_units(self.home, self.installation):
            self._add(UnitProcess(unit, self.home))
        self._write("ready")

    def _add(self, process: UnitProcess) -> None:
        process.start()
        self.units.append(process)

    def _look(self) -> None:
        for unit in self.units:
            unit.look()
        self._write("ready")
        time.sleep(LOOK_SECONDS)

    def _await_server(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(f"{self.installation.api}/health"):
            if self.units and self.units[0].ended():
                raise TaskloomError(f"The server ended while it was starting: {self.units[0].last_words()}")
            if time.monotonic() > deadline:
                raise TaskloomError(f"The server at {self.installation.url} did not answer in {START_SECONDS:.0f} s.")
            time.sleep(LOOK_SECONDS)

    def _provision(self) -> None:
        log = self.home.logs / "provision.log"
        with log.open("wb") as file:
            done = subprocess.run(
                [sys.executable, "-m", "flows.installation.provision"],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment.provisioning(self.home, self.installation),
                timeout=PROVISION_SECONDS,
                check=False,
            )
        if done.returncode:
            raise TaskloomError(_last_line(log.read_text(errors="replace")) + f" (Details are in {log}.)")

    def _end(self) -> None:
        """Workers first, then a last look at the runs they leave, then the rest, the server last."""
        workers = [u for u in self.units if u.unit.name.startswith("worker-")]
        others = [u for u in reversed(self.units) if u not in workers and u.unit.name != "server"]
        for unit in workers:
            unit.ask_to_end()
        for unit in workers:
            unit.end(WORKER_PATIENCE)
        if workers and self._written is not None:
            self._reap()
        for unit in others:
            unit.end(PATIENCE)
        for unit in self.units:
            unit.end(PATIENCE)
        sweep(self.home.mark())

    def _reap(self) -> None:
        """Tell the server of the runs that ended with their workers; they are scheduled again at the next start."""
        own = {**environment.base(self.home, "reaper"), **environment.client(self.home, self.installation)}
        command = [sys.executable, "-m", "flows.installation.reaper", "--once"]
        try:
            with (self.home.logs / "reaper.log").open("ab") as log:
                subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=own, timeout=REAP_SECONDS)
        except (subprocess.TimeoutExpired, OSError):
            return

    def _write(self, phase: Phase, *, step: str = "", error: str = "") -> None:
        state = State(
            phase=phase,
            supervisor=self._me,
            installation=self.installation,
            step=step,
            error=error,
            units=tuple(unit.state for unit in self.units),
        )
        if state != self._written:
            state.save(self.home)
            self._written = state


def supervise(home: Home) -> int:
    """Run the installation that ``up`` has written down; 1 when it is running already or cannot be started."""
    with locked(home) as ours:
        if not ours:
            sys.stderr.write(f"Taskloom is up already in {home.root}.\n")
            return 1
        return Supervisor(home, load_installation(home)).run()


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Stopped


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:
            return answer.status == 200
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("error: ") if lines else "Provisioning failed without a word."


def main() -> int:
    """With the home that the environment names."""
    home = this_home()
    os.environ[environment.MARK] = home.mark()
    return supervise(home)


if __name__ == "__main__":
    sys.exit(main())
