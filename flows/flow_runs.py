"""What the flows share about runs: names that a person understands, tags to search by, and an end to restarts.

Import it only once the environment says which server to use; see :mod:`flows.server`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from prefect import get_client
from prefect.runtime import flow_run

from flows.config import RunConfig, spoken
from flows.counting import counted
from flows.home import runs_root
from pipeline.core.errors import TaskloomError

MAX_STARTS = 1 + int(os.environ.get("TASKLOOM_RESTARTS") or 4)
"""Of one flow run, the first one included: what crashes that often will crash again."""

RESUME = "resume"
"""Tag of the runs that an automation may schedule again when they crash; generate-batch sees to its own children."""


def refuse_endless() -> None:
    """End a run that was started too often; raises :class:`TaskloomError`."""
    if (starts := flow_run.run_count or 0) > MAX_STARTS:
        raise TaskloomError(
            f"This run was started {starts} times and crashed each time; the most is {MAX_STARTS}. What is finished "
            "is on disk. Read the logs of the crashes, and submit the same parameters again to go on."
        )


def batch_run_name() -> str:
    """As ``demo (8 tasks, 4 demos each, panda, genesis) -> nightly-2026-11-26``, as far as it was asked for."""
    asked: dict[str, Any] = _plain(flow_run.parameters.get("request"))
    tasks, demos = asked.get("tasks"), asked.get("demos")
    words = [counted(tasks, "task") if tasks else "", f"{counted(demos, 'demo')} each" if demos else ""]
    words += [str(asked[k]) for k in ("robot", "backend") if asked.get(k)]
    what = ", ".join(word for word in words if word)
    name = f"{asked.get('preset') or 'demo'}{f' ({what})' if what else ''}"
    return f"{name} -> {asked['out']}" if asked.get("out") else name


def task_run_name() -> str:
    """As ``stack_2 of nightly-2026-11-26``."""
    return f"{flow_run.parameters.get('task')} of {flow_run.parameters.get('out')}"


def pack_run_name() -> str:
    """As ``pack nightly-2026-11-26``."""
    return f"pack {flow_run.parameters.get('out')}"


def validation_run_name() -> str:
    """As ``validate nightly-2026-11-26``."""
    datasets = _plain(flow_run.parameters.get("request")).get("datasets") or ["every dataset"]
    names = [d.removeprefix(f"{runs_root()}/").removesuffix("/dataset.zarr") for d in datasets]
    return f"validate {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}"


def tags_of(config: RunConfig, families: Iterable[str]) -> list[str]:
    """By robot, family, backend and solver."""
    one = {"robot": config.robot, "backend": config.backend, "solver": spoken(config.solver)}
    return [f"{kind}:{name}" for kind, name in one.items()] + sorted({f"family:{f}" for f in families})


def add_tags(tags: Iterable[str]) -> None:
    """Add tags to the run that is going on."""
    get_client(sync_client=True).update_flow_run(flow_run.id, tags={*flow_run.tags, *tags})


def _plain(value: Any) -> dict[str, Any]:
    """A parameter before or after its validation."""
    return value if isinstance(value, dict) else value.model_dump() if value is not None else {}
