"""``taskloom verify``: check a dataset's structure without simulating anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pipeline.dataset.verify import verify as find_problems


def verify(
    dataset: Annotated[Path, typer.Argument(help="Folder of a dataset, e.g. runs/demo/dataset.zarr.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Read all of a dataset once and list what is wrong with it. Exit code 0 only if nothing is.

    Example: `taskloom verify runs/demo/dataset.zarr`
    """
    problems = [str(problem) for problem in find_problems(dataset)]
    if as_json:
        typer.echo(json.dumps({"sound": not problems, "problems": problems}, indent=1))
    else:
        typer.echo("\n".join(problems) if problems else f"{dataset} is sound.")
    if problems:
        raise typer.Exit(1)
