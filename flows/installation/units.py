"""Units: the processes of an installation as values; what each runs, and in which environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from flows.installation import environment
from flows.installation.home import Home
from flows.installation.plan import CONTROL_RUNS, Installation, Pool


@dataclass(frozen=True)
class Unit:
    """A module that is run in a process of its own, restarted when it ends, and ended with the supervisor."""

    name: str
    module: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def command(self) -> list[str]:
        """Through :mod:`flows.installation.child`, which ends with the supervisor."""
        return [sys.executable, "-m", "flows.installation.child", self.module, *self.arguments]


def server_unit(home: Home, installation: Installation) -> Unit:
    """The Prefect server, whose pages load nothing from elsewhere."""
    where = ("--host", installation.host, "--port", str(installation.port))
    return Unit("server", "flows.prefect_server", ("server", "start", *where), environment.server(home, installation))


def machine_units(home: Home, installation: Installation) -> list[Unit]:
    """Everything but the server, in the order in which it is started; on the way down the reverse holds."""
    units = [_reaper(home, installation)]
    if installation.serves:
        units.append(_files(home, installation))
    if installation.workers:
        units.append(_engines(home, installation, None))
    for gpu in installation.gpus:
        units.append(_engines(home, installation, gpu))
    return units + _workers(home, installation)


def _workers(home: Home, installation: Installation) -> list[Unit]:
    units: list[Unit] = []
    if installation.serves:
        own = environment.worker(home, installation, "worker-control")
        units.append(_worker("worker-control", "control", CONTROL_RUNS, own))
    for number in range(installation.workers):
        name = f"worker-cpu{number}"
        units.append(_worker(name, "cpu", installation.runs, environment.simulating(home, installation, name)))
    for gpu in installation.gpus:
        name = f"worker-gpu{gpu}"
        own = environment.simulating(home, installation, name, gpu=gpu)
        units.append(_worker(name, "gpu", installation.runs, own))
    return units


def _worker(name: str, pool: Pool, runs: int, own: Mapping[str, str]) -> Unit:
    called = f"{environment.machine_name()}-{name.removeprefix('worker-')}"
    arguments = ("worker", "start", "--pool", pool, "--name", called, "--limit", str(runs), "--type", "process")
    return Unit(name, "flows.installation.patience", (*arguments, "--install-policy", "never"), own)


def _reaper(home: Home, installation: Installation) -> Unit:
    own = {**environment.base(home, "reaper"), **environment.client(home, installation)}
    return Unit("reaper", "flows.installation.reaper", (), own)


def _files(home: Home, installation: Installation) -> Unit:
    arguments = ("--root", str(home.runs), "--port", str(installation.files_port))
    return Unit("files", "flows.file_server", arguments, environment.base(home, "files"))


def _engines(home: Home, installation: Installation, gpu: int | None) -> Unit:
    name = environment.engine_name(gpu)
    slots = installation.simulations if gpu is None else installation.gpu_simulations
    where = ("--socket", str(home.socket(name)), "--device", "cpu" if gpu is None else f"gpu:{gpu}")
    folders = ("--root", str(home.runs), "--logs", str(home.logs))
    warm = tuple(word for backend in installation.backends for word in ("--warm", backend))
    arguments = ("engine-host", *where, "--slots", str(slots), *folders, *warm)
    return Unit(name, "flows.cli", arguments, environment.engine(home, installation, name, gpu=gpu))
