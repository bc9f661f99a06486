"""``taskloom tasks``: propose, import, check, list, show and measure tasks without simulating them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from assets.catalog import LibraryCatalog
from flows.authors import AUTHORS, ModelOptions, ask_author
from flows.config import BACKENDS
from flows.imports import ImportSummary, import_tasks, save_tasks
from flows.proposed import Proposed
from flows.task_statistics import in_one_line, statistics
from flows.trials import GateOptions
from flows.wishes import (
    Backend,
    CriticName,
    Families,
    Gate,
    MaxDifficulty,
    MinClarity,
    MinDifficulty,
    MinSense,
    Modes,
    Outcomes,
    ParaphraserName,
    Scenes,
    wishes_of,
)
from pipeline.core.errors import OutputError, UnknownNameError
from pipeline.core.files import write_atomically
from pipeline.core.task import TaskSpec
from task_gen.critique import Limits
from task_gen.files import dump_tasks, load_tasks
from task_gen.gate import Verdict, static_gate
from task_gen.length import stages
from task_gen.mutation import mutations

tasks = typer.Typer(help="Propose, import, check, list, show and measure tasks.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="Task file, JSON or YAML.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Robot = Annotated[str, typer.Option(help="Robot of the asset library.")]


@tasks.command("propose")
def propose_tasks(
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many tasks.")] = 10,
    author: Annotated[str, typer.Option(help=f"Who proposes: {', '.join(AUTHORS)}.")] = "procedural",
    robot: Robot = "panda",
    seed: Annotated[int, typer.Option(min=0, help="Root of every random stream.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the tasks to this file, which generate reads.")] = None,
    existing: Annotated[list[Path] | None, typer.Option(help="Task files not to repeat.")] = None,
    model: Annotated[str | None, typer.Option(help=ModelOptions.model_fields["model"].description)] = None,
    budget_usd: Annotated[
        float | None, typer.Option(min=0, help=ModelOptions.model_fields["budget_usd"].description)
    ] = None,
    budget_tokens: Annotated[
        int | None, typer.Option(min=0, help=ModelOptions.model_fields["budget_tokens"].description)
    ] = None,
    families: Families = None,
    gate: Gate = "static",
    backend: Backend = "mujoco",
    scenes: Scenes = 4,
    outcomes: Outcomes = None,
    mode: Modes = None,
    critic: CriticName = "procedural",
    paraphraser: ParaphraserName = "procedural",
    min_sense: MinSense = 0.0,
    min_clarity: MinClarity = 0.0,
    min_difficulty: MinDifficulty = 0.0,
    max_difficulty: MaxDifficulty = 1.0,
    as_json: AsJson = False,
) -> None:
    """Propose tasks that pass the gates. Replies of a model are kept: asking the same again costs nothing.

    Example: `taskloom tasks propose --author procedural -n 20 --gate dynamic --out tasks.json`
    """
    catalog = LibraryCatalog()
    known = [t for path in existing or () for t in load_tasks(path, catalog)]
    options = ModelOptions(model=model, budget_usd=budget_usd, budget_tokens=budget_tokens)
    limits = Limits(
        min_sense=min_sense, min_clarity=min_clarity, min_difficulty=min_difficulty, max_difficulty=max_difficulty
    )
    if backend not in BACKENDS:
        raise UnknownNameError("backend", backend, BACKENDS.names)
    tried = GateOptions(backend=backend, scenes=scenes, robot=robot, seed=seed) if gate == "dynamic" else None
    wishes = wishes_of(outcomes, mode, critic, paraphraser, limits, families=families, gate=tried)
    with Console(stderr=True).status(f"asking the author {author!r}"):
        proposed = ask_author(
            author,
            catalog,
            catalog.robot(robot),
            count=count,
            seed=seed,
            existing=known,
            options=options,
            wishes=wishes,
        )
    if out is not None:
        _write(out, proposed.tasks)
    if as_json:
        typer.echo(proposed.model_dump_json(indent=1))
    else:
        _print_tasks(proposed.tasks)
        _print_funnel(proposed)
    if not proposed.tasks:
        raise typer.Exit(1)


@tasks.command("import")
def import_command(
    files: Annotated[list[Path], typer.Argument(help="BDDL, JSON or YAML files, or folders of them.")],
    robot: Robot = "panda",
    out: Annotated[
        Path | None, typer.Option(help="Write the tasks to this .json file, or one file a task into this folder.")
    ] = None,
    libero_assets: Annotated[
        Path | None,
        typer.Option(help="Folder of LIBERO's assets; its objects go into your library and play themselves."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import tasks: ours as JSON or YAML, or BDDL as LIBERO and BEHAVIOR write it.

    Every thing of a BDDL problem is played by an asset; what something else stands in for, what is left out and what
    cannot be mapped is reported by name, and so are the static gate's reasons. The source's own success rules are kept
    with the task. Exit code 0 only if everything became a task that passes the static gate.

    Example: `taskloom tasks import libero_goal/*.bddl --out tasks.json`
    """
    with Console(stderr=True).status("reading") as status:
        summary = import_tasks(files, robot=robot, libero_assets=libero_assets, say=status.update)
    if out is not None:
        save_tasks(summary, out)
    if as_json:
        typer.echo(summary.model_dump_json(indent=1))
    else:
        _print_import(summary)
    if not summary.ok:
        raise typer.Exit(1)


@tasks.command()
def mutate(
    file: File,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many tasks.")] = 10,
    robot: Robot = "panda",
    seed: Annotated[int, typer.Option(min=0, help="Root of every random stream.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the tasks to this file, which generate reads.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make new tasks of a file's by exchanging one object each, without a model; all pass the static gate.

    Example: `taskloom tasks mutate tasks.json -n 10 --out more.json`
    """
    catalog = LibraryCatalog()
    found = mutations(load_tasks(file, catalog), catalog, catalog.robot(robot), count=count, seed=seed)
    if out is not None:
        _write(out, found)
    if as_json:
        typer.echo(dump_tasks(found), nl=False)
    else:
        _print_tasks(found)


@tasks.command()
def check(file: File, robot: Robot = "panda", as_json: AsJson = False) -> None:
    """Put every task of a file through the static gate. Exit code 0 only if all pass.

    Example: `taskloom tasks check tasks.json`
    """
    catalog = LibraryCatalog()
    verdicts = {t.name: static_gate(t, catalog, catalog.robot(robot)) for t in load_tasks(file, catalog)}
    if as_json:
        typer.echo(json.dumps({n: _verdict(v) for n, v in verdicts.items()}, indent=1))
    else:
        for name, verdict in verdicts.items():
            typer.echo(f"{name}: {'passes' if verdict.ok else 'rejected'}")
            for reason in verdict.reasons:
                typer.echo(f"  - {reason.code}: {reason}")
    if not all(v.ok for v in verdicts.values()):
        raise typer.Exit(1)


@tasks.command("list")
def list_tasks(file: File, as_json: AsJson = False) -> None:
    """List the tasks of a file.

    Example: `taskloom tasks list tasks.json`
    """
    found = load_tasks(file, LibraryCatalog())
    if as_json:
        typer.echo(json.dumps([{"name": t.name, "family": t.family, "goal": t.goal} for t in found], indent=1))
    else:
        _print_tasks(found)


@tasks.command()
def show(file: File, name: Annotated[str, typer.Argument(help="Name of a task in the file.")]) -> None:
    """Print one task of a file as JSON.

    Example: `taskloom tasks show tasks.json stack_red_block_on_blue_block`
    """
    found = {t.name: t for t in load_tasks(file, LibraryCatalog())}
    if name not in found:
        raise UnknownNameError("task", name, found)
    typer.echo(found[name].model_dump_json(indent=1))


@tasks.command()
def stats(file: File, as_json: AsJson = False) -> None:
    """Say how varied a file's tasks are: counts by family, object, predicate and horizon, Self-BLEU-4, distances.

    Self-BLEU is taken over the instructions; it rises with their number, so compare files of equal size. The mean
    pairwise distance says by which vectors it was measured. Critiques are summed up where the tasks have any.

    Example: `taskloom tasks stats tasks.json`
    """
    found = load_tasks(file, LibraryCatalog())
    numbers = statistics(found) | {"stages": _stages(found)}
    if as_json:
        typer.echo(json.dumps(numbers, indent=1))
        return
    for name, value in numbers.items():
        typer.echo(f"{name}: {in_one_line(value)}")


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {"ok": verdict.ok, "reasons": [r.model_dump() for r in verdict.reasons]}


def _write(path: Path, found: tuple[TaskSpec, ...]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, dump_tasks(found))
    except OSError as error:
        raise OutputError(f"Cannot write {str(path)!r}: {error.strerror}. Choose another --out.") from None


def _print_tasks(found: tuple[TaskSpec, ...]) -> None:
    table = Table(box=None)
    for column in ("task", "family", "instruction", "goal"):
        table.add_column(column, overflow="fold")
    for task in found:
        table.add_row(task.name, task.family, task.instruction, task.goal)
    Console().print(table)


def _print_import(summary: ImportSummary) -> None:
    for report in summary.reports:
        state = "not imported" if report.task is None else "rejected by the static gate" if report.gate else "imported"
        typer.echo(f"{report.name}: {state}")
        lines = [
            *(f"cannot do without {m.name}: {m.why}" for m in report.unmapped),
            *map(str, report.gate),
            *(f"{m.name} ({m.category}) is {m.asset}: {m.why}" for m in report.mapped if m.how != "original"),
            *(f"without {m.name}: {m.why}" for m in report.left_out),
            *(f"{c.source} is {c.ours}: {c.why}" for c in report.changes),
        ]
        for line in lines:
            typer.echo(f"  - {line}")
    for note in summary.pack:
        typer.echo(f"asset pack: {note.category}: {note.why}")
    made, passed = len(summary.tasks), sum(r.ok for r in summary.reports)
    typer.echo(f"{len(summary.reports)} read, {made} imported, {passed} pass the static gate")


def _print_funnel(proposed: Proposed) -> None:
    typer.echo(", ".join(f"{n} {stage}" for stage, n in proposed.counts.items()))
    for rejection in proposed.rejections:
        typer.echo(f"rejected ({rejection.stage}) {rejection.name}: {' '.join(map(str, rejection.reasons))}")
    if proposed.codes:
        typer.echo("reasons: " + ", ".join(f"{n} {code}" for code, n in proposed.codes.items()))
    for failure in proposed.failed_calls:
        typer.echo(f"failed call: {failure}")
    account = proposed.account
    if account.calls or account.cached:
        cost = "price unknown" if account.usd is None else f"${account.usd:.4f}"
        typer.echo(f"{account.calls} calls, {account.cached} from the cache, {account.usage.tokens} tokens, {cost}")


def _stages(found: tuple[TaskSpec, ...]) -> dict[str, int]:
    """How many tasks take so many stages."""
    catalog = LibraryCatalog()
    return {str(n): count for n, count in sorted(Counter(stages(t, catalog) for t in found).items())}
