"""UnitProcess: the running process of a unit, started again when it ends, and later each time that it ends at once."""

from __future__ import annotations

import contextlib
import subprocess
import time

from flows.installation.home import Home
from flows.installation.processes import ProcessId, sweep
from flows.installation.state import UnitState
from flows.installation.units import Unit

STEADY_SECONDS = 30.0
"""One that has run this long is started again at once."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # s between an end and the next start, doubled each time
LOG_BYTES = 20_000_000
"""A log of this size is put aside as ``.1`` when its unit starts."""


class UnitProcess:
    """One unit and the process that it has at the moment."""

    def __init__(self, unit: Unit, home: Home) -> None:
        self.unit, self.home = unit, home
        self.log = home.logs / f"{unit.name}.log"
        self.state = UnitState(name=unit.name)
        self._child: subprocess.Popen[bytes] | None = None
        self._began = self._due = 0.0
        self._pause = FIRST_PAUSE

    def start(self) -> None:
        """A new process; what the last one left behind is ended first."""
        self._close()
        self._rotate()
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.unit.command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=dict(self.unit.environment),
                cwd=self.home.root,
                start_new_session=True,
            )
        self._began = time.monotonic()
        self.state = self.state.model_copy(update={"process": ProcessId.of(self._child.pid)})

    def look(self) -> None:
        """Start it again if it has ended and its pause is over."""
        if self._child is not None and self._child.poll() is not None:
            self._bury()
        elif self._child is None and time.monotonic() >= self._due:
            self.start()

    def ended(self) -> bool:
        """Whether the process is gone."""
        return self._child is None or self._child.poll() is not None

    def last_words(self) -> str:
        """The end of its log."""
        lines = [s.strip() for s in self.log.read_text(errors="replace")[-4000:].splitlines() if s.strip()]
        return f"{lines[-1] if lines else 'it said nothing'} (More is in {self.log}.)"

    def ask_to_end(self) -> None:
        """SIGTERM, without waiting."""
        if self._child is not None:
            self._child.terminate()

    def end(self, patience: float) -> None:
        """SIGTERM, after ``patience`` seconds SIGKILL, and the same for all that it has started."""
        if self._child is not None:
            self.ask_to_end()
            try:
                self._child.wait(patience)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
            self._close()
        self.state = self.state.model_copy(update={"process": None})

    def _bury(self) -> None:
        assert self._child is not None
        code = self._child.returncode
        self._close()
        ran = time.monotonic() - self._began
        self._pause = FIRST_PAUSE if ran >= STEADY_SECONDS else min(2 * self._pause, LONGEST_PAUSE)
        self._due = time.monotonic() + self._pause
        said = f"signal {-code}" if code < 0 else f"exit code {code}"
        restarts = self.state.restarts + 1
        self.state = self.state.model_copy(update={"process": None, "restarts": restarts, "said": said})

    def _close(self) -> None:
        """Let go of the process and end its family, which is known by its mark, wherever it has gone."""
        if self._child is None:
            return
        if self._child.stdin is not None:
            with contextlib.suppress(OSError):
                self._child.stdin.close()
        self._child = None
        sweep(self.home.mark(), unit=self.unit.name)

    def _rotate(self) -> None:
        with contextlib.suppress(OSError):
            if self.log.stat().st_size > LOG_BYTES:
                self.log.replace(self.log.with_suffix(".log.1"))
