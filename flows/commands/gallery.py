"""``taskloom gallery``: a static gallery of one run or of many, to be opened from disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from flows.gallery.entries import MARKER, find_runs
from flows.gallery.site import write_site
from flows.recordings import write_recordings
from pipeline.core.errors import InvalidInputError


def gallery(
    place: Annotated[Path, typer.Argument(help="Folder of a run, or a folder that holds runs.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the gallery; default is 'gallery' in PLACE.")] = None,
    recordings: Annotated[
        bool, typer.Option("--recordings", help="Also make a Rerun file of one demonstration a task.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write a gallery with search, filters and a page a task, that works from disk with no network.

    Pictures are hard links to those of the runs, or copies on another disk, so the folder can be moved or packed.

    Example: `taskloom gallery runs` and then open runs/gallery/index.html
    """
    target = out or place / "gallery"
    if target.resolve() == place.resolve() and not (target / MARKER).is_file():
        raise InvalidInputError(f"--out {str(target)!r} is the folder of the runs. Choose another, or leave it out.")
    runs, skipped = find_runs(place)
    for path, why in skipped.items():
        typer.echo(f"left out: {path}: {why}", err=True)
    with Progress(console=Console(stderr=True), transient=True) as bars:
        if recordings:
            for run in bars.track(runs, description="recording"):
                write_recordings(run.folder)
        bar = bars.add_task("writing pages", total=sum(len(run.report.tasks) for run in runs))
        entries = write_site(runs, target, advance=lambda: bars.advance(bar))
    page = target.absolute() / "index.html"
    if as_json:
        left_out = {str(path): why for path, why in skipped.items()}
        typer.echo(json.dumps({"page": str(page), "runs": len(runs), "tasks": len(entries), "left_out": left_out}))
    else:
        typer.echo(f"{len(entries)} tasks of {len(runs)} runs: {page}")
