"""Options of ``taskloom generate`` and ``submit`` about solvers that see: their roles, their pictures, their memory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.config import PROGRAM_AUTHORS, help_of

_WHO = f"One of: {', '.join(PROGRAM_AUTHORS)}."
PerceiverName = Annotated[str | None, typer.Option("--perceiver", help=f"{help_of('perceiver')} {_WHO}")]
PathWriterName = Annotated[str | None, typer.Option("--path-writer", help=f"{help_of('path_writer')} {_WHO}")]
VerifierName = Annotated[str | None, typer.Option("--verifier", help=f"{help_of('verifier')} {_WHO}")]
PicturesFolder = Annotated[
    Path | None,
    typer.Option(
        "--pictures", help="Folder with a folder of reference pictures for each thing, which count before its mesh."
    ),
]
ExperienceFile = Annotated[
    Path | None,
    typer.Option(
        "--experience",
        help="File of how a solver that sees handled things in earlier runs; what was confirmed is tried first.",
    ),
]
RememberExperience = Annotated[
    bool,
    typer.Option(
        "--remember-experience", help="Add this run's confirmed handling to the --experience file when it has finished."
    ),
]
