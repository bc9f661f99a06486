"""Options of ``taskloom generate`` and ``submit`` about the solver, what it may learn, and skills learned before."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.config import PROGRAM_AUTHORS, help_of, solver_names

SolverName = Annotated[
    str | None, typer.Option("--solver", help=f"{help_of('solver')} One of: {', '.join(solver_names())}.")
]
LearnSteps = Annotated[int | None, typer.Option(help=help_of("learn_steps"))]
LearnWorlds = Annotated[int | None, typer.Option(help=help_of("learn_worlds"))]
LearnJudged = Annotated[int | None, typer.Option(help=help_of("learn_judged"))]
RewardAuthor = Annotated[
    str | None, typer.Option(help=f"{help_of('reward_author')} One of: {', '.join(PROGRAM_AUTHORS)}.")
]
RewardCandidates = Annotated[int | None, typer.Option(help=help_of("reward_candidates"))]
RewardRounds = Annotated[int | None, typer.Option(help=help_of("reward_rounds"))]
SkillsFolder = Annotated[
    Path | None,
    typer.Option("--skills", help="Folder of skills that earlier runs learned; those for stages alike are tried."),
]
RememberSkills = Annotated[
    bool,
    typer.Option("--remember-skills", help="Add what this run learned to the --skills folder when it has finished."),
]
