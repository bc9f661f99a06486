"""``taskloom dataset verify``, also ``taskloom verify``: whether a dataset is whole, sound and replayable."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from flows.commands._dataset import AsJson, Place, answer, opened, progress
from flows.replay import replay_episodes
from flows.stdout import stdout_to_stderr
from pipeline.dataset.checks.problem import Problem
from pipeline.dataset.transfer.remote import discreet
from pipeline.dataset.verify import verify as find_problems


def verify(
    dataset: Place,
    structure: Annotated[bool, typer.Option("--structure", help="Read metadata and sizes only, in seconds.")] = False,
    replay: Annotated[
        int, typer.Option(min=0, metavar="N", help="Replay N episodes, evenly spread, and compare every state.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Say all that is wrong with a dataset: files, lengths, NaN, ranges, times, pictures, poses, statistics.

    Every file is read and hashed; damage is named by file, array and episodes. Exit code 0 only if nothing is wrong.

    Example: `taskloom dataset verify runs/demo/dataset.zarr --replay 3`
    """
    with discreet(), progress("verifying", files=True) as heard:
        problems = find_problems(dataset, structure=structure, heard=heard)
    replayed = 0
    if replay and not problems:
        problems, replayed = _replay(dataset, replay)
    words = f"{dataset} is sound{f', {replayed} episodes replayed' if replayed else ''}."
    found = [{**asdict(p), "text": str(p)} for p in problems]
    told = {"sound": not problems, "problems": found, "replayed": replayed}
    answer(told, "\n".join(map(str, problems)) or words, as_json=as_json)
    if problems:
        raise typer.Exit(1)


def _replay(dataset: str, count: int) -> tuple[list[Problem], int]:
    """The episodes among ``count``, evenly spread, that come out otherwise than stored; and how many were replayed."""
    reader = opened(dataset)
    numbers = sorted({round(k * (len(reader) - 1) / max(1, count - 1)) for k in range(min(count, len(reader)))})
    problems = list[Problem]()
    with stdout_to_stderr(), progress("replaying") as heard:
        for verdict in replay_episodes(reader, numbers):
            heard(1, len(numbers))
            if not verdict.ok:
                text = (
                    f"its replay on {verdict.backend} ends {1000 * verdict.deviation:.3f} mm away from what is stored"
                )
                problems.append(Problem("data/action", verdict.episode, text))
    return problems, len(numbers)
