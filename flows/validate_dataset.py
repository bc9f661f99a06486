"""The flow ``validate-dataset``: every file of a dataset read and checked, and some of its episodes replayed.

Import it only once the environment says which server to use; see :mod:`flows.server`.
"""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact

from flows.flow_runs import refuse_endless, validation_run_name
from flows.home import run_folder, runs_root
from flows.parameters import Validation
from flows.replay import replay_episodes
from flows.secrecy import keeps_secrets
from pipeline.core.errors import DatasetError
from pipeline.dataset import open_dataset
from pipeline.dataset.checks.problem import Problem
from pipeline.dataset.transfer.remote import discreet
from pipeline.dataset.verify import verify

MOST_TOLD = 50  # problems of one dataset in the table; the command line tells them all


@flow(name="validate-dataset", flow_run_name=validation_run_name)
@keeps_secrets
def validate_dataset(request: Validation) -> dict[str, int]:
    """Say what is wrong with datasets; the run fails if anything is.

    Args:
        request: What to validate, and how thoroughly.
    """
    refuse_endless()
    places = request.datasets or every_dataset()
    found = {place: _validate.with_options(task_run_name=place)(place, request) for place in places}
    if rows := [_row(place, p) for place, problems in found.items() for p in problems[:MOST_TOLD]]:
        create_table_artifact(rows, key="validation", description="What is wrong with datasets")
    wrong = [place for place, problems in found.items() if problems]
    if wrong:
        raise DatasetError(
            f"{len(wrong)} of {len(places)} datasets are damaged: {', '.join(wrong)}. The artifact 'validation' says "
            "how; `taskloom dataset repair` drops what is hit and keeps the rest."
        )
    return {place: len(problems) for place, problems in found.items()}


def every_dataset() -> tuple[str, ...]:
    """Names of the runs under the runs root that have a dataset."""
    root = runs_root()
    return tuple(sorted(str(p.parent.relative_to(root)) for p in root.glob("**/dataset.zarr")))


def place_of(dataset: str) -> str:
    """The path of a run's dataset, or the path or URL that was given."""
    if "://" in dataset or dataset.startswith("/"):
        return dataset
    return str(run_folder(dataset).dataset)


@task(name="validate", persist_result=False)
@keeps_secrets
def _validate(dataset: str, request: Validation) -> list[Problem]:
    place = place_of(dataset)
    with discreet():
        problems = verify(place, structure=request.structure_only)
        if request.replay and not problems:
            problems = _replayed(place, request.replay)
    for problem in problems[:MOST_TOLD]:
        get_run_logger().error("%s: %s", dataset, problem)
    return problems


def _replayed(place: str, count: int) -> list[Problem]:
    """The episodes that come out otherwise than stored, of ``count`` that are evenly spread."""
    reader = open_dataset(place)
    last = len(reader) - 1
    numbers = sorted({round(k * last / max(1, count - 1)) for k in range(min(count, last + 1))})
    return [
        Problem("data/action", v.episode, f"its replay ends {1000 * v.deviation:.3f} mm away from what is stored")
        for v in replay_episodes(reader, numbers)
        if not v.ok
    ]


def _row(dataset: str, problem: Problem) -> dict[str, Any]:
    return {"dataset": dataset, "array": problem.array, "episode": problem.episode, "problem": str(problem)}
