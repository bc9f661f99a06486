"""``taskloom submit``: schedule a batch on the running installation, and wait for it if wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from assets.catalog import LibraryCatalog
from flows.authors import AUTHORS
from flows.config import presets
from flows.installation.home import this_home
from flows.installation.state import running_state
from flows.installation.status import connect
from flows.learning_options import (
    LearnJudged,
    LearnSteps,
    LearnWorlds,
    RewardAuthor,
    RewardCandidates,
    RewardRounds,
    SolverName,
)
from flows.parameters import BatchRequest
from flows.refinement_options import ProgrammerName, Recover, Refine, RefinerName, SolverModel, SolverTokens
from flows.seeing_options import PathWriterName, PerceiverName, VerifierName
from flows.staffing import check_roles
from pipeline.core.errors import InvalidInputError, UnknownNameError

DEPLOYMENT = "generate-batch/generate"
EXIT_UNFINISHED, EXIT_INTERRUPTED = 1, 130


def _meaning(field: str) -> str:
    return BatchRequest.model_fields[field].description or ""


def submit(
    preset: Annotated[str, typer.Option(help=f"{_meaning('preset')} One of: {', '.join(presets())}.")] = "demo",
    out: Annotated[str, typer.Option(help=_meaning("out"))] = "",
    tasks: Annotated[int | None, typer.Option(help=_meaning("tasks"))] = None,
    demos: Annotated[int | None, typer.Option(help=_meaning("demos"))] = None,
    minimum: Annotated[int | None, typer.Option(help=_meaning("minimum"))] = None,
    batch: Annotated[int | None, typer.Option(help=_meaning("batch"))] = None,
    rounds: Annotated[int | None, typer.Option(help=_meaning("rounds"))] = None,
    robot: Annotated[str | None, typer.Option(help=_meaning("robot"))] = None,
    backend: Annotated[str | None, typer.Option(help=_meaning("backend"))] = None,
    device: Annotated[str | None, typer.Option(help=_meaning("device"))] = None,
    support: Annotated[str | None, typer.Option(help=_meaning("support"))] = None,
    randomise: Annotated[str | None, typer.Option(help=_meaning("randomise"))] = None,
    solver: SolverName = None,
    learn_steps: LearnSteps = None,
    learn_worlds: LearnWorlds = None,
    learn_judged: LearnJudged = None,
    reward_author: RewardAuthor = None,
    reward_candidates: RewardCandidates = None,
    reward_rounds: RewardRounds = None,
    families: Annotated[list[str] | None, typer.Option(help=f"{_meaning('families')} May be repeated.")] = None,
    channels: Annotated[list[str] | None, typer.Option(help=f"{_meaning('channels')} May be repeated.")] = None,
    refine: Refine = None,
    recover: Recover = None,
    refiner: RefinerName = None,
    programmer: ProgrammerName = None,
    solver_model: SolverModel = None,
    solver_tokens: SolverTokens = None,
    seed: Annotated[int | None, typer.Option(help=_meaning("seed"))] = None,
    author: Annotated[str, typer.Option(help=f"{_meaning('author')} One of: {', '.join(AUTHORS)}.")] = "procedural",
    model: Annotated[str | None, typer.Option(help=_meaning("model"))] = None,
    budget_usd: Annotated[float | None, typer.Option(help=_meaning("budget_usd"))] = None,
    budget_tokens: Annotated[int | None, typer.Option(help=_meaning("budget_tokens"))] = None,
    critic: Annotated[str, typer.Option(help=_meaning("critic"))] = "procedural",
    paraphraser: Annotated[str, typer.Option(help=_meaning("paraphraser"))] = "procedural",
    outcomes: Annotated[list[str] | None, typer.Option(help=f"{_meaning('outcomes')} May be repeated.")] = None,
    tasks_from: Annotated[
        list[Path] | None,
        typer.Option("--tasks-from", "--task-file", help=f"{_meaning('task_files')} May be repeated."),
    ] = None,
    memory: Annotated[Path | None, typer.Option(help=_meaning("memory"))] = None,
    remember: Annotated[bool, typer.Option("--remember", help=_meaning("remember"))] = False,
    skills: Annotated[Path | None, typer.Option(help=_meaning("skills"))] = None,
    remember_skills: Annotated[bool, typer.Option("--remember-skills", help=_meaning("remember_skills"))] = False,
    perceiver: PerceiverName = None,
    path_writer: PathWriterName = None,
    verifier: VerifierName = None,
    pictures: Annotated[Path | None, typer.Option(help=_meaning("pictures"))] = None,
    experience: Annotated[Path | None, typer.Option(help=_meaning("experience"))] = None,
    remember_experience: Annotated[
        bool, typer.Option("--remember-experience", help=_meaning("remember_experience"))
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the batch has ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the run as JSON.")] = False,
) -> None:
    """Schedule a batch on the installation that `taskloom up` started, and print its page.

    The same request goes on with the same run. With --wait the exit code is 0 only if the batch has completed.

    Example: `taskloom submit --preset demo --tasks 20 --wait`
    """
    asked: dict[str, Any] = {name: value for name, value in locals().items() if name in BatchRequest.model_fields}
    asked["task_files"] = [str(path.absolute()) for path in tasks_from or ()]
    places = {"memory": memory, "skills": skills, "pictures": pictures, "experience": experience}
    asked |= {name: None if place is None else str(place.absolute()) for name, place in places.items()}
    request = _request(asked)
    home = this_home()
    state = running_state(home)
    connect(home, state.installation)
    from flows.installation.submission import schedule, watch

    run = schedule(DEPLOYMENT, {"request": request.model_dump(mode="json", exclude_none=True)}, state.installation)
    try:
        if wait:
            with Console(stderr=True).status("scheduled") as shown:
                run = watch(run, say=shown.update)
    except KeyboardInterrupt:
        typer.echo(f"No longer waiting; the batch goes on: {run.page}", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    typer.echo(run.model_dump_json(indent=1) if as_json else f"{run.name}: {run.state}{run.said}\n{run.page}")
    if wait and run.kind != "COMPLETED":
        raise typer.Exit(EXIT_UNFINISHED)


def _request(asked: dict[str, Any]) -> BatchRequest:
    """Checked here, before anything is scheduled; raises :class:`InvalidInputError` or UnknownNameError."""
    from datetime import UTC, datetime

    given = {name: value for name, value in asked.items() if value is not None and value != []}
    try:
        request = BatchRequest.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "request"
        option = "tasks-from" if field == "task_files" else field.replace("_", "-")
        raise InvalidInputError(
            f"Option --{option}: {first['msg']}, got {first['input']!r}. Meaning: {_meaning(field)}"
        ) from None
    config, robots = request.config(day=datetime.now(UTC).date()), LibraryCatalog().robots
    check_roles(config)
    if config.robot not in robots:
        raise UnknownNameError("robot", config.robot, robots)
    return request
