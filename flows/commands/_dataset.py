"""What the commands of ``taskloom dataset`` share: their argument, opening what it names, and progress."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.dataset.expression import HELP, matching
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.selection import EpisodeFilter, select
from pipeline.dataset.transfer.remote import discreet

Place = Annotated[str, typer.Argument(help="Folder or URL of a dataset, e.g. runs/demo/dataset.zarr.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Tasks = Annotated[list[str] | None, typer.Option("--task", help="Only episodes of this task. May be repeated.")]
Families = Annotated[list[str] | None, typer.Option("--family", help="Only tasks of this family. May be repeated.")]
Solvers = Annotated[
    list[str] | None, typer.Option("--solver", help="Only demonstrations of this solver. May be repeated.")
]
Splits = Annotated[list[str] | None, typer.Option("--split", help="Only train, or only val.")]
Outcomes = Annotated[bool | None, typer.Option("--success/--failure", help="Only successes, or only failures.")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="Only the episode with this id. May be repeated.")]
Where = Annotated[str | None, typer.Option("--where", help=f"Only episodes of which this is true. {HELP}")]
SURE = "Goes on only with --yes, or after asking."


def opened(place: str) -> DatasetReader:
    """The dataset at a path or URL; no message tells what a URL keeps secret."""
    with discreet():
        return DatasetReader(place)


def chosen(
    reader: DatasetReader,
    *,
    tasks: list[str] | None,
    families: list[str] | None,
    solvers: list[str] | None,
    splits: list[str] | None,
    success: bool | None,
    ids: list[str] | None,
    where: str | None,
) -> NDArray[np.int64]:
    """Ascending indices of the episodes that meet every condition."""
    wanted = EpisodeFilter(
        tasks=tuple(tasks or ()),
        families=tuple(families or ()),
        solvers=tuple(solvers or ()),
        splits=tuple(splits or ()),
        success=success,
    )
    with discreet():
        left = select(reader, wanted)
        if ids:
            known = {str(i): k for k, i in enumerate(reader.column("episode_id"))}
            for one in ids:
                if one not in known:
                    raise UnknownNameError("episode", one, list(known)[:20])
            left = np.intersect1d(left, [known[i] for i in ids])
        if where is not None:
            left = left[matching(reader, where)[left]]
    if not len(left):
        raise InvalidInputError(f"None of the {len(reader)} episodes meets all conditions; ask for less.")
    return left


@contextmanager
def progress(what: str, *, files: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr; call what it yields with how much is new, and how much there is in all."""
    amount = DownloadColumn() if files else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), amount, TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task(what, total=None)

        def heard(new: int, total: int) -> None:
            bars.update(bar, advance=new, total=total or None)

        yield heard


def answer(value: Any, text: str, *, as_json: bool) -> None:
    """The command's one answer on stdout."""
    typer.echo(json.dumps(value, indent=1) if as_json else text)
