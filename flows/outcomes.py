"""Outcomes of earlier runs, as the curriculum wants them: read from the reports that ``generate`` leaves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flows.folder import RunFolder
from pipeline.core.errors import InvalidInputError
from pipeline.core.task import TaskSpec
from task_gen.curriculum import TaskOutcome


class _Loose(BaseModel):
    """What is needed of a report; a report of another version may hold more."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Counts(_Loose):
    attempted: int = Field(ge=0)
    solved: int = Field(ge=0)


class _Task(_Loose):
    task: TaskSpec
    counts: _Counts


class _Report(_Loose):
    tasks: tuple[_Task, ...]


def read_outcomes(runs: Sequence[Path]) -> tuple[TaskOutcome, ...]:
    """Every task of the runs and how its attempts ended.

    Each is the OUT folder of a finished ``taskloom generate``, or its ``report.json``. Raises InvalidInputError for
    what is none, is damaged, or counts what cannot be.
    """
    return tuple(outcome for run in runs for outcome in _of(run))


def _of(run: Path) -> list[TaskOutcome]:
    place = RunFolder(run).report if run.is_dir() else run
    try:
        report = _Report.model_validate_json(place.read_bytes())
        return [TaskOutcome(task=t.task, attempted=t.counts.attempted, solved=t.counts.solved) for t in report.tasks]
    except OSError as error:
        raise InvalidInputError(f"No outcomes at {str(place)!r}: {error.strerror}. {_wanted(run)}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        what = f"{where}: {first['msg']}" if where else first["msg"]
        raise InvalidInputError(f"{str(place)!r} is no report of a run ({what}). {_wanted(run)}") from None


def _wanted(run: Path) -> str:
    unfinished = run.is_dir() and (run / "run.json").exists() and not RunFolder(run).report.exists()
    if unfinished:
        return "That run is not finished: give its own command again, then use it here."
    return "Name the folder that `taskloom generate --out` made, or the report.json in it."
