"""Options of ``taskloom generate`` about refinement, recovery and memory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.config import PROGRAM_AUTHORS, help_of

Refine = Annotated[int | None, typer.Option(help=help_of("refine"))]
Variants = Annotated[int | None, typer.Option(help=help_of("variants"))]
TargetRate = Annotated[float | None, typer.Option("--target", help=help_of("target"))]
Recover = Annotated[int | None, typer.Option(help=help_of("recover"))]
RefinerName = Annotated[
    str | None, typer.Option("--refiner", help=f"{help_of('refiner')} One of: {', '.join(PROGRAM_AUTHORS)}.")
]
ProgrammerName = Annotated[
    str | None, typer.Option("--programmer", help=f"{help_of('programmer')} One of: {', '.join(PROGRAM_AUTHORS)}.")
]
SolverModel = Annotated[str | None, typer.Option(help=help_of("solver_model"))]
SolverTokens = Annotated[int | None, typer.Option(help=help_of("solver_tokens"))]
MemoryFile = Annotated[
    Path | None,
    typer.Option("--memory", help="File of programs that earlier runs measured; those for tasks alike are tried too."),
]
Remember = Annotated[
    bool, typer.Option("--remember", help="Add what this run measures to the --memory file when it has finished.")
]
