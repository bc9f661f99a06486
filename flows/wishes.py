"""Options of the commands that propose tasks: outcomes to lean on, modes, who looks again, what must be reached."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.authors import AUTHORS, Wishes
from flows.outcomes import read_outcomes
from flows.trials import GateOptions
from task_gen.author import FAMILIES
from task_gen.critique import Limits
from task_gen.modes import MODES


def _limit(name: str) -> typer.models.OptionInfo:
    return typer.Option(min=0, max=1, help=Limits.model_fields[name].description)


Outcomes = Annotated[
    list[Path] | None,
    typer.Option(help="OUT folders of earlier runs; tasks lean towards families and objects that work sometimes."),
]
Modes = Annotated[
    list[str] | None, typer.Option("--mode", help=f"How a model proposes, of {', '.join(MODES)}; all, if not given.")
]
Families = Annotated[
    list[str] | None, typer.Option(help=f"Of the procedural author; may be repeated: {', '.join(FAMILIES)}.")
]
Gate = Annotated[
    Literal["static", "dynamic"], typer.Option(help="Gates to pass; the dynamic one simulates every task.")
]
Backend = Annotated[str, typer.Option(help=GateOptions.model_fields["backend"].description)]
Scenes = Annotated[int, typer.Option(min=1, help=GateOptions.model_fields["scenes"].description)]
CriticName = Annotated[str, typer.Option("--critic", help=f"Who criticises the tasks: {', '.join(AUTHORS)}.")]
ParaphraserName = Annotated[str, typer.Option("--paraphraser", help=f"Who paraphrases: {', '.join(AUTHORS)}.")]
MinSense = Annotated[float, _limit("min_sense")]
MinClarity = Annotated[float, _limit("min_clarity")]
MinDifficulty = Annotated[float, _limit("min_difficulty")]
MaxDifficulty = Annotated[float, _limit("max_difficulty")]


def wishes_of(
    outcomes: Sequence[Path] | None,
    modes: Sequence[str] | None,
    critic: str,
    paraphraser: str,
    limits: Limits,
    *,
    families: Sequence[str] | None = None,
    gate: GateOptions | None = None,
) -> Wishes:
    """The options as one value; reads the outcomes, and raises InvalidInputError for a folder that holds none."""
    return Wishes(
        outcomes=read_outcomes(outcomes or ()),
        modes=tuple(modes or ()),
        critic=critic,
        paraphraser=paraphraser,
        limits=limits,
        families=tuple(families or ()),
        gate=gate,
    )
