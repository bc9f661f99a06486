"""``taskloom replay``: replay episodes from a dataset alone and say whether they are what was stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from flows.config import BACKENDS
from flows.replay import Verdict, replay_episodes
from flows.stdout import stdout_to_stderr
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.dataset.reader import DatasetReader


def replay(
    dataset: Annotated[Path, typer.Argument(help="Folder of a dataset, e.g. runs/demo/dataset.zarr.")],
    episode: Annotated[str, typer.Option(help="Number of the episode, counted from 0, or 'all'.")] = "0",
    task: Annotated[str | None, typer.Option(help="Count the episodes of this task alone.")] = None,
    worlds: Annotated[int, typer.Option(min=1, max=4096, help="Equal worlds to replay it in side by side.")] = 1,
    backend: Annotated[str | None, typer.Option(help="Physics backend; default is the one that recorded it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")] = False,
) -> None:
    """Rebuild an episode's scene from the dataset, apply its actions and compare every state bit for bit.

    On another backend than the recorder's the goal must hold again instead. Exit code 0 only if every replay agrees.

    Example: `taskloom replay runs/demo/dataset.zarr --episode all`
    """
    if backend is not None and backend not in BACKENDS:
        raise UnknownNameError("backend", backend, BACKENDS.names)
    reader = DatasetReader(dataset)
    listed = _of_task(reader, task)
    numbers = [listed[k] for k in _numbers(episode, len(listed))]
    run = replay_episodes(reader, numbers, worlds=worlds, backend=backend)
    shown = track(run, total=len(numbers), description="replaying", console=Console(stderr=True), transient=True)
    with stdout_to_stderr():
        verdicts = list(shown)
    _print(verdicts, as_json=as_json)
    if not all(v.ok for v in verdicts):
        raise typer.Exit(1)


def _of_task(reader: DatasetReader, task: str | None) -> list[int]:
    """Numbers of the episodes to choose from; raises :class:`UnknownNameError` for a task that is not there."""
    if task is None:
        return list(range(len(reader)))
    names = [one.name for one in reader.tasks]
    if task not in names:
        raise UnknownNameError("task", task, names)
    return np.flatnonzero(reader.column("episode_task") == names.index(task)).tolist()


def _numbers(text: str, count: int) -> list[int]:
    if text == "all":
        return list(range(count))
    if not text.isdecimal() or int(text) >= count:
        raise InvalidInputError(f"--episode {text!r}: give a number from 0 to {count - 1}, or 'all'.")
    return [int(text)]


def _print(verdicts: list[Verdict], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([{**v.model_dump(), "ok": v.ok} for v in verdicts], indent=1))
        return
    for v in verdicts:
        typer.echo(f"episode {v.episode:4} {v.task}: {_words(v)} ({v.steps} steps, {v.worlds} worlds on {v.backend})")
    typer.echo(f"{sum(v.ok for v in verdicts)} of {len(verdicts)} episodes agree")


def _words(v: Verdict) -> str:
    goal = "goal holds" if v.goal else "GOAL DOES NOT HOLD"
    if v.exact is None:
        return f"{goal} on another engine, objects end {1000 * v.deviation:.1f} mm away"
    return f"bit-identical, {goal}" if v.exact else f"DIFFERS, objects end {1000 * v.deviation:.3f} mm away, {goal}"
