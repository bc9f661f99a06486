"""``taskloom engine-host``: keep the simulator processes of one device warm for every run of the machine."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from flows.config import BACKENDS
from flows.devices import DEVICES
from flows.engine_client import HOST_VARIABLE, host_status
from flows.engine_host import EngineHost, HostOptions
from flows.engine_messages import HostStatus
from flows.interrupts import interruptible
from flows.workers import RECYCLE_AFTER, default_workers
from pipeline.core.errors import UnknownNameError

LAST_SECONDS = 10.0
"""A host whose supervisor is gone has so long to end in order."""


def engine_host(
    socket: Annotated[Path, typer.Option(envvar=HOST_VARIABLE, help="Unix socket, for this user alone.")],
    slots: Annotated[int | None, typer.Option(min=1, max=256, help="Most simulator processes at once.")] = None,
    device: Annotated[str, typer.Option(help=f"Whose simulations these are: {DEVICES}.")] = "cpu",
    root: Annotated[
        Path | None, typer.Option(envvar="TASKLOOM_RUNS", help="Refuse jobs of folders outside of this one.")
    ] = None,
    logs: Annotated[Path | None, typer.Option(help="Where engines log before their first job.")] = None,
    warm: Annotated[list[str] | None, typer.Option(help="Backends whose engines start at once; repeatable.")] = None,
    recycle_after: Annotated[int, typer.Option(min=1, help="Batches that one process serves.")] = RECYCLE_AFTER,
    supervised: Annotated[bool, typer.Option("--supervised", help="End when standard input ends.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Ask the running host what it does, and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON on stdout.")] = False,
) -> None:
    """Serve simulator processes until Ctrl-C. Runs with TASKLOOM_ENGINE_HOST set to the socket use them.

    Example: `taskloom engine-host --socket /tmp/taskloom/engines.sock --slots 2 --warm mujoco`, and to look at it
    `taskloom engine-host --socket /tmp/taskloom/engines.sock --status`
    """
    if status:
        _print(host_status(socket, patience=0.0), as_json=as_json)
        return
    for backend in warm or ():
        if backend not in BACKENDS:
            raise UnknownNameError("backend", backend, BACKENDS.names)
    options = HostOptions(
        socket,
        slots=slots or default_workers(),
        device=device,
        root=root,
        logs=logs,
        warm=tuple(warm or ()),
        recycle_after=recycle_after,
    )
    try:
        with interruptible(), EngineHost(options) as host:
            if supervised:
                threading.Thread(target=_end_with_supervisor, daemon=True).start()
            _announce(host, as_json=as_json)
            host.serve()
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)


def _end_with_supervisor() -> None:
    sys.stdin.buffer.read()
    threading.Timer(LAST_SECONDS, os._exit, (1,)).start()
    os.kill(os.getpid(), signal.SIGTERM)


def _announce(host: EngineHost, *, as_json: bool) -> None:
    status, path = host.status(), str(host.options.socket.absolute())
    if as_json:
        typer.echo(json.dumps({"socket": path, "pid": status.pid, "slots": len(status.slots), "device": status.device}))
        sys.stdout.flush()
        return
    typer.echo(f"{len(status.slots)} slots on {status.device}; use them with {HOST_VARIABLE}={path}")
    typer.echo("Ctrl-C stops the host.", err=True)


def _print(status: HostStatus, *, as_json: bool) -> None:
    if as_json:
        typer.echo(status.model_dump_json())
        return
    typer.echo(f"process {status.pid}, {status.device}, {status.done} jobs done, {status.waiting} waiting")
    for slot in status.slots:
        engine = "no engine yet" if slot.pid is None else f"{slot.backend} in process {slot.pid}, {slot.jobs} jobs"
        typer.echo(f"slot {slot.slot}: {engine}; {slot.at_work or 'idle'}")
