"""What the ``taskloom assets`` commands share: options, the choice of assets, and a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from assets.catalog import LibraryCatalog
from pipeline.core.errors import UnknownNameError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Names = Annotated[list[str] | None, typer.Argument(help="Names of assets; none means all.")]


def chosen(catalog: LibraryCatalog, names: list[str] | None) -> list[str]:
    """The named assets, by default all; raises UnknownNameError."""
    for name in names or ():
        if name not in (*catalog.assets, *catalog.made_for_tasks):
            raise UnknownNameError("asset", name, catalog.assets)
    return list(names or catalog.assets)


@contextmanager
def progress_bar(total: int) -> Iterator[Callable[[str | int], None]]:
    """A bar on stderr; what it yields takes the next stage's name, or the number done."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("starting", total=total)

        def advance(stage: str | int) -> None:
            if isinstance(stage, int):
                bars.update(task, description=f"{stage} of {total}", completed=stage)
            else:
                bars.update(task, description=stage, advance=1)

        yield advance
