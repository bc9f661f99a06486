"""``taskloom generate``: run the whole line, as a Prefect flow, with progress bars and a summary."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from assets.catalog import LibraryCatalog
from demo_solvers.memory import Memory, merge
from demo_solvers.path3d.experience import Experiences
from demo_solvers.path3d.experience import merge as merge_experience
from flows.authors import AUTHORS, ModelOptions
from flows.authorship import with_author
from flows.config import RunConfig, compose, help_of, presets
from flows.folder import RunFolder, check_output, open_folder
from flows.given import Given
from flows.imports import read_tasks
from flows.interrupts import interruptible
from flows.learning_options import (
    LearnJudged,
    LearnSteps,
    LearnWorlds,
    RememberSkills,
    RewardAuthor,
    RewardCandidates,
    RewardRounds,
    SkillsFolder,
    SolverName,
)
from flows.machine import rendering_environment
from flows.progress import ProgressBars
from flows.proposed import keep_proposals
from flows.refinement_options import (
    MemoryFile,
    ProgrammerName,
    Recover,
    Refine,
    RefinerName,
    Remember,
    SolverModel,
    SolverTokens,
    TargetRate,
    Variants,
)
from flows.report import RunReport
from flows.runners import run
from flows.seeing_options import (
    ExperienceFile,
    PathWriterName,
    PerceiverName,
    PicturesFolder,
    RememberExperience,
    VerifierName,
)
from flows.server import EmbeddedServer, client_environment
from flows.skills import add_skills
from flows.staffing import check_roles
from flows.stages import library_digest
from flows.tables import learned, places, summary, troubles
from flows.wishes import (
    CriticName,
    MaxDifficulty,
    MinClarity,
    MinDifficulty,
    MinSense,
    Modes,
    Outcomes,
    ParaphraserName,
    wishes_of,
)
from flows.workers import default_workers
from pipeline.core.errors import InvalidInputError
from task_gen.critique import Limits

EXIT_SHORT, EXIT_INTERRUPTED = 3, 130


def generate(
    preset: Annotated[str, typer.Option(help=f"{help_of('preset')} One of: {', '.join(presets())}.")] = "demo",
    tasks: Annotated[int | None, typer.Option(help=help_of("tasks"))] = None,
    demos: Annotated[int | None, typer.Option(help=help_of("demos"))] = None,
    batch: Annotated[int | None, typer.Option(help=help_of("batch"))] = None,
    rounds: Annotated[int | None, typer.Option(help=help_of("rounds"))] = None,
    robot: Annotated[str | None, typer.Option(help=help_of("robot"))] = None,
    backend: Annotated[str | None, typer.Option(help=help_of("backend"))] = None,
    device: Annotated[str | None, typer.Option(help=help_of("device"))] = None,
    support: Annotated[str | None, typer.Option(help=help_of("support"))] = None,
    randomise: Annotated[str | None, typer.Option(help=help_of("randomise"))] = None,
    refine: Refine = None,
    variants: Variants = None,
    target: TargetRate = None,
    recover: Recover = None,
    refiner: RefinerName = None,
    programmer: ProgrammerName = None,
    solver_model: SolverModel = None,
    solver_tokens: SolverTokens = None,
    memory: MemoryFile = None,
    remember: Remember = False,
    solver: SolverName = None,
    learn_steps: LearnSteps = None,
    learn_worlds: LearnWorlds = None,
    learn_judged: LearnJudged = None,
    reward_author: RewardAuthor = None,
    reward_candidates: RewardCandidates = None,
    reward_rounds: RewardRounds = None,
    skills: SkillsFolder = None,
    remember_skills: RememberSkills = False,
    perceiver: PerceiverName = None,
    path_writer: PathWriterName = None,
    verifier: VerifierName = None,
    pictures: PicturesFolder = None,
    experience: ExperienceFile = None,
    remember_experience: RememberExperience = False,
    seed: Annotated[int | None, typer.Option(help=help_of("seed"))] = None,
    families: Annotated[list[str] | None, typer.Option(help=f"{help_of('families')} May be repeated.")] = None,
    channels: Annotated[list[str] | None, typer.Option(help=f"{help_of('channels')} May be repeated.")] = None,
    tasks_from: Annotated[
        list[Path] | None,
        typer.Option("--tasks-from", "--task-file", help="Files with tasks to demonstrate: JSON, YAML or BDDL."),
    ] = None,
    author: Annotated[str, typer.Option(help=f"Who proposes tasks: {', '.join(AUTHORS)}.")] = "procedural",
    model: Annotated[str | None, typer.Option(help=ModelOptions.model_fields["model"].description)] = None,
    budget_usd: Annotated[
        float | None, typer.Option(min=0, help=ModelOptions.model_fields["budget_usd"].description)
    ] = None,
    budget_tokens: Annotated[
        int | None, typer.Option(min=0, help=ModelOptions.model_fields["budget_tokens"].description)
    ] = None,
    outcomes: Outcomes = None,
    mode: Modes = None,
    critic: CriticName = "procedural",
    paraphraser: ParaphraserName = "procedural",
    min_sense: MinSense = 0.0,
    min_clarity: MinClarity = 0.0,
    min_difficulty: MinDifficulty = 0.0,
    max_difficulty: MaxDifficulty = 1.0,
    out: Annotated[Path, typer.Option(help="Folder for everything the run leaves.")] = Path("runs/latest"),
    workers: Annotated[int | None, typer.Option(min=1, help="Simulator processes; does not change the result.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Without Prefect: starts sooner, leaves no run page.")] = False,
    dask: Annotated[
        str | None, typer.Option(help="Run batches on Dask workers: local, or the address of a scheduler.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
) -> None:
    """Propose tasks, demonstrate them, and leave a dataset, a gallery and a report in OUT.

    The same command continues a run that was interrupted. Exit code 0: every task that passed the gates has at least
    the preset's minimum of demonstrations (--demos, if that is less); 3: the run finished, but some task has fewer.

    Example: `taskloom generate --preset smoke --out runs/smoke`

    One that learns: `taskloom generate --preset push_precise --solver auto --out runs/push`

    One that sees: `taskloom generate --solver path3d --experience handled.jsonl --remember-experience --out runs/seen`
    """
    catalog = LibraryCatalog()
    given = read_tasks(tasks_from, catalog, compose(preset, robot=robot).robot) if tasks_from else None
    count = len(given) if given is not None and tasks is None else tasks
    config = compose(
        preset, tasks=count, demos=demos, batch=batch, rounds=rounds, robot=robot, backend=backend,
        device=device, support=support, randomise=randomise, seed=seed, given=given, families=families,
        channels=channels, refine=refine, variants=variants, target=target, recover=recover, refiner=refiner,
        programmer=programmer, solver_model=solver_model, solver_tokens=solver_tokens, solver=solver,
        learn_steps=learn_steps, learn_worlds=learn_worlds, learn_judged=learn_judged, reward_author=reward_author,
        reward_candidates=reward_candidates, reward_rounds=reward_rounds, perceiver=perceiver, path_writer=path_writer,
        verifier=verifier,
    )  # fmt: skip
    check_roles(config)
    if dask and plain:
        raise InvalidInputError("--dask runs batches as Prefect tasks; leave --plain away.")
    if remember and memory is None:
        raise InvalidInputError("--remember adds to a memory; name its file with --memory.")
    held = Given.to(
        out, memory=memory, skills=skills, experience=experience, pictures=pictures, remember_skills=remember_skills,
        remember_experience=remember_experience,
    )  # fmt: skip
    config = held.told(config)
    options = ModelOptions(model=model, budget_usd=budget_usd, budget_tokens=budget_tokens)
    if out.resolve() in [path.resolve() for path in outcomes or ()]:
        raise InvalidInputError(
            f"--outcomes and --out both name {str(out)!r}; let the new run have a folder of its own."
        )
    limits = Limits(
        min_sense=min_sense, min_clarity=min_clarity, min_difficulty=min_difficulty, max_difficulty=max_difficulty
    )
    wishes = wishes_of(outcomes, mode, critic, paraphraser, limits)
    config, proposed = with_author(config, author, catalog, options, wishes)
    library = library_digest(catalog)
    check_output(out, config, library=library)
    rendering_environment(config.backend)
    folder = open_folder(out, config, library=library)
    keep_proposals(folder, proposed)
    held.keep(folder, config)
    console = Console(stderr=True)
    try:
        with interruptible(), ProgressBars(config, console) as bars:
            launch = _launch_plain if plain else partial(_launch_flow, dask=dask)
            report = launch(config, out, workers or default_workers(), bars)
    except KeyboardInterrupt:
        console.print(f"\nInterrupted. Nothing is lost: the same command goes on from where it stopped ({out}).")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if remember and memory is not None:
        merge(memory, Memory.read(folder.learned).lines)
    if remember_skills and skills is not None:
        add_skills(folder, skills)
    if remember_experience and experience is not None and folder.experience.exists():
        merge_experience(experience, Experiences.read(folder.experience).lines)
    _conclude(report, out, as_json=as_json)


def _launch_plain(config: RunConfig, out: Path, workers: int, bars: ProgressBars) -> RunReport:
    return run(config, out, workers=workers, listener=bars)


def _launch_flow(
    config: RunConfig, out: Path, workers: int, bars: ProgressBars, *, dask: str | None = None
) -> RunReport:
    """Under Prefect: its settings must be in the environment before the flow's module is imported."""
    with ExitStack() as stack:
        if os.environ.get("PREFECT_API_URL"):
            os.environ.update(client_environment())
        else:
            server = EmbeddedServer(RunFolder(out).prefect_home, RunFolder(out).logs / "prefect.log")
            os.environ.update(server.environment)
            stack.enter_context(server)
            bars.say("starting the embedded Prefect server")
            server.wait()
            bars.say(f"live page: {server.url}/v2/runs")
        if dask:
            from flows.generate_on_dask import run_on_dask

            return run_on_dask(config, out, address=dask, workers=workers, listener=bars)
        from flows.generate import run_flow

        return run_flow(config, out, workers=workers, listener=bars)


def _conclude(report: RunReport, out: Path, *, as_json: bool) -> None:
    if as_json:
        typer.echo(report.model_dump_json(indent=1))
    else:
        console = Console()
        console.print(summary(report))
        console.print(
            learned(report) + troubles(report) + places(report, out), highlight=False, markup=False, soft_wrap=True
        )
    if not report.complete:
        short = [
            t.task.name for t in report.tasks if t.counts.written < report.config.minimum and t.status != "rejected"
        ]
        why = f"Too few demonstrations of: {', '.join(short)}." if short else "No task passed the gates."
        typer.echo(f"{why} Reasons are in {RunFolder(out).report}.", err=True)
        raise typer.Exit(EXIT_SHORT)
