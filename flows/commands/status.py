"""``taskloom status``: what is up on this machine and what it is doing."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from flows.installation.home import this_home
from flows.installation.state import running_state
from flows.installation.status import Status, status_of


def status(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say what runs here: server, workers, engines, runs by state, what waits, limits, and the links.

    Exit code 1 when nothing is up, or the server does not answer.

    Example: `taskloom status --json`
    """
    home = this_home()
    with Console(stderr=True).status("asking the server"):
        found = status_of(home, running_state(home))
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        _print(found)
    if found.server != "answers":
        raise typer.Exit(1)


def _print(found: Status) -> None:
    console = Console()
    console.print(f"server {found.server}, {found.phase}", highlight=False)
    console.print(_processes(found))
    if found.runs:
        told = ", ".join(f"{n} {state}" for state, n in found.runs.items() if n) or "none yet"
        console.print(f"runs: {told}{f'; {found.late} late' if found.late else ''}", highlight=False)
    for name, pool in found.pools.items():
        online = sum(state == "ONLINE" for state in pool.workers.values())
        text = f"pool {name}: {online} workers, {pool.running} running, {pool.waiting} waiting"
        console.print(text, highlight=False)
    for name, engines in found.engines.items():
        work = f"{', '.join(engines.at_work) or 'idle'}; {engines.waiting} waiting, {engines.done} done"
        console.print(
            f"{name}: {engines.error or f'{len(engines.at_work)} of {engines.slots} busy, {work}'}", highlight=False
        )
    for name, limit in found.limits.items():
        console.print(f"limit {name}: {limit.taken} of {limit.limit} taken", highlight=False)
    for deployment in found.on_dataset:
        console.print(f"a finished dataset runs {deployment}", highlight=False)
    for name, value in found.links.model_dump(exclude={"notes"}).items():
        if value:
            console.print(f"{name:10} {value}", highlight=False, soft_wrap=True)


def _processes(found: Status) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("process", "", "pid", "restarts", "last end"):
        table.add_column(column)
    for one in found.processes:
        mark = "[green]up" if one.alive else "[red]down"
        table.add_row(one.name, mark, str(one.pid or ""), str(one.restarts), one.said)
    return table
