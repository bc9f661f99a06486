"""``taskloom up``: the server, the workers and all that belongs to them, on this machine."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console

from flows.installation import environment
from flows.installation.checks import check, free_port
from flows.installation.home import Home, this_home
from flows.installation.plan import Installation
from flows.installation.starting import refuse_twice, start
from flows.installation.state import locked
from flows.installation.status import Links, links_of
from flows.machine import visible_gpus
from flows.workers import default_workers
from pipeline.core.errors import InvalidInputError, TaskloomError

FIELDS = Installation.model_fields
CPU_WORKERS = "CPU workers on this machine; by default two, and none where there are GPUs."
GPUS = "Graphics cards that get a worker each, such as 0,1; 'all' that nvidia-smi lists, or 'none'."
DATABASE = (
    "Postgres for the server: postgresql://USER:PASSWORD@HOST/NAME. Better given as TASKLOOM_DATABASE, which other "
    "users of the machine cannot see. SQLite by default."
)
FREE_GB = "Refuse to start with less disk space than this [GB]."
BACKENDS = "Physics backend that must work here and whose engines start at once. May be repeated; by default any one."


def up(
    host: Annotated[str, typer.Option(help=FIELDS["host"].description)] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help=FIELDS["port"].description)] = 4200,
    files_port: Annotated[int, typer.Option(min=0, max=65535, help=FIELDS["files_port"].description)] = 4201,
    workers: Annotated[int | None, typer.Option(min=0, max=256, help=CPU_WORKERS)] = None,
    gpus: Annotated[str, typer.Option(help=GPUS)] = "all",
    simulations: Annotated[int | None, typer.Option(min=1, max=256, help=FIELDS["simulations"].description)] = None,
    gpu_simulations: Annotated[int, typer.Option(min=1, max=64, help=FIELDS["gpu_simulations"].description)] = 1,
    runs: Annotated[int, typer.Option(min=1, max=64, help=FIELDS["runs"].description)] = 2,
    model_calls: Annotated[int, typer.Option(min=1, help=FIELDS["model_calls"].description)] = 60,
    restarts: Annotated[int, typer.Option(min=0, max=100, help=FIELDS["restarts"].description)] = 4,
    on_dataset: Annotated[str | None, typer.Option(help=FIELDS["on_dataset"].description)] = None,
    database: Annotated[str | None, typer.Option(help=DATABASE)] = None,
    worker_only: Annotated[bool, typer.Option("--worker-only", help="No server here; needs --server.")] = False,
    server: Annotated[str | None, typer.Option(help=FIELDS["server"].description)] = None,
    backend: Annotated[list[str] | None, typer.Option(help=BACKENDS)] = None,
    free_gb: Annotated[float, typer.Option(min=0, help=FREE_GB)] = 2.0,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay here until SIGTERM, for systemd.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the addresses as JSON.")] = False,
) -> None:
    """Start the server, the workers and what belongs to them, and keep them running until `taskloom down`.

    All of it lives in TASKLOOM_HOME (~/.taskloom), runs in TASKLOOM_RUNS (runs/ in it). Work pools, limits, automations
    and the deployments of prefect.yaml are made, or made to fit. A model's key (ANTHROPIC_API_KEY) is stored as a
    Secret block. Everything listens on loopback; with another --host the server asks for a user and a password.

    Example: `taskloom up --workers 2`, then `taskloom submit --preset demo`
    """
    if worker_only and server is None:
        raise InvalidInputError("--worker-only needs --server, the address of the machine with the server.")
    if server is not None and not worker_only:
        raise InvalidInputError("--server is another machine's; add --worker-only to start no server here.")
    if database is not None:
        os.environ[environment.DATABASE] = database
    cards = visible_gpus() if gpus == "all" else () if gpus == "none" else _cards(gpus)
    count = workers if workers is not None else 0 if cards else default_workers()
    home = this_home().make()
    refuse_twice(home)
    installation = Installation(
        host=host, port=free_port(host, port), files_port=free_port("127.0.0.1", files_port), server=server,
        workers=count, gpus=cards, simulations=simulations or max(1, count), gpu_simulations=gpu_simulations,
        runs=runs, backends=tuple(backend or ()), model_calls=model_calls, restarts=restarts, on_dataset=on_dataset,
    )  # fmt: skip
    check(home, installation, free_gb=free_gb)
    with locked(home) as free:
        if not free:
            raise TaskloomError(f"Taskloom is being started or stopped in {str(home.root)!r}. Try again in a moment.")
        installation.save(home)
    if foreground:
        raise typer.Exit(_stay(home))
    with Console(stderr=True).status("starting") as shown:
        start(home, say=shown.update)
    _announce(home, links_of(home, installation), as_json=as_json)


def _stay(home: Home) -> int:
    from flows.installation.supervisor import supervise

    os.environ[environment.MARK] = home.mark()
    code = supervise(home)
    if code:
        from flows.installation.state import read_state

        state = read_state(home)
        raise TaskloomError(state.error if state is not None else "The installation could not be started.")
    return code


def _cards(text: str) -> tuple[int, ...]:
    try:
        return tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        raise InvalidInputError(f"--gpus is {text!r}; allowed: numbers such as 0,1, or all, or none.") from None


def _announce(home: Home, links: Links, *, as_json: bool) -> None:
    if as_json:
        typer.echo(links.model_dump_json(indent=1))
        return
    for name, value in links.model_dump(exclude={"notes"}).items():
        if value:
            typer.echo(f"{name:10} {value}")
    for note in links.notes:
        typer.echo(note)
    typer.echo("Stop it with `taskloom down`; it goes on when this terminal closes.", err=True)
