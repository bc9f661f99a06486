"""``taskloom down``: end what ``taskloom up`` started, and nothing else."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from flows.installation.home import this_home
from flows.installation.starting import stop


def down(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Stop the installation of TASKLOOM_HOME: workers first, their runs go on after the next `taskloom up`.

    Every process is known by a mark in its environment, so nothing is left behind and nothing foreign is touched, also
    after a crash. Exit code 0 also when nothing was up.

    Example: `taskloom down`
    """
    home = this_home()
    with Console(stderr=True).status("stopping"):
        stopped = home.root.is_dir() and stop(home)
    if as_json:
        typer.echo(json.dumps({"stopped": stopped, "home": str(home.root)}))
    else:
        typer.echo("Stopped." if stopped else f"Taskloom was not up in {str(home.root)!r}.")
