"""Home: the folder of an installation, with its state, logs, sockets, Prefect's own files and the runs."""

from __future__ import annotations

import os
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from flows.home import runs_root
from flows.home import taskloom_home as home_folder
from pipeline.core.errors import OutputError
from pipeline.core.files import write_atomically

HOME, RUNS = "TASKLOOM_HOME", "TASKLOOM_RUNS"
PRIVATE = 0o700
SOCKET_PATH_BYTES = 100  # sockaddr_un holds 104 (macOS) or 108 (Linux)


@dataclass(frozen=True)
class Home:
    """Everything that ``taskloom up`` leaves on a machine is below ``root``; runs may live elsewhere."""

    root: Path
    runs: Path

    @property
    def state(self) -> Path:
        """What runs at this moment; absent when nothing does."""
        return self.root / "state.json"

    @property
    def request(self) -> Path:
        """What ``up`` was last asked for."""
        return self.root / "installation.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.root / "lock"

    @property
    def logs(self) -> Path:
        """One file for every process that the supervisor keeps."""
        return self.root / "logs"

    @property
    def prefect(self) -> Path:
        """PREFECT_HOME: database, leases, stored results."""
        return self.root / "prefect"

    @property
    def flow_processes(self) -> Path:
        """One file for each flow run that a process of this machine has taken up."""
        return self.root / "flow-processes"

    @property
    def auth(self) -> Path:
        """A generated user and password of the server, readable for this user alone."""
        return self.root / "auth"

    def socket(self, name: str) -> Path:
        """Where the engine host ``name`` listens; in the folder for temporary files if the home's path is too long."""
        wanted = self.root / f"{name}.sock"
        if len(os.fsencode(wanted)) <= SOCKET_PATH_BYTES:
            return wanted
        return Path(tempfile.gettempdir()) / f"taskloom-{self.mark()[:16]}-{name}.sock"

    def mark(self) -> str:
        """What every process of this installation carries in its environment; made once."""
        file = self.root / "id"
        if not file.exists():
            write_atomically(file, uuid.uuid4().hex)
        return file.read_text().strip()

    def make(self) -> Home:
        """Create the folders; raises :class:`OutputError` when that is not allowed."""
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
            for folder in (self.logs, self.prefect, self.flow_processes):
                folder.mkdir(exist_ok=True, mode=PRIVATE)
            self.runs.mkdir(parents=True, exist_ok=True)
            self.mark()
        except OSError as error:
            raise OutputError(
                f"{str(error.filename or self.root)!r} cannot be written ({error.strerror}). "
                f"Choose other folders with {HOME} and {RUNS}."
            ) from None
        return self


def this_home() -> Home:
    """As the environment says: ``TASKLOOM_HOME`` (~/.taskloom) and ``TASKLOOM_RUNS`` (runs/ in it)."""
    return Home(home_folder(), runs_root())
