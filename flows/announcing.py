"""The event ``taskloom.dataset.ready``, with which a batch ends and on which an automation can start a training run.

Import it only once the environment says which server to use; see :mod:`flows.server`.
"""

from __future__ import annotations

import re
from uuid import UUID, uuid5

from prefect.events import emit_event

from flows.folder import RunFolder
from flows.report import RunReport

READY = "taskloom.dataset.ready"


def announce(report: RunReport, folder: RunFolder, *, name: str, run: UUID) -> None:
    """Tell the server that the dataset of the run called ``name`` can be read; once for each flow run ``run``."""
    if report.dataset is None:
        return
    config = report.config
    emit_event(
        READY,
        resource={
            "prefect.resource.id": f"taskloom.dataset.{re.sub(r'[^A-Za-z0-9._-]+', '.', name)}",
            "prefect.resource.name": name,
            "taskloom.preset": config.preset,
            "taskloom.robot": config.robot,
            "taskloom.backend": config.backend,
            "taskloom.complete": str(report.complete).lower(),
        },
        related=[{"prefect.resource.id": f"prefect.flow-run.{run}", "prefect.resource.role": "flow-run"}],
        payload={
            "path": str(folder.dataset.absolute()),
            "out": name,
            "preset": config.preset,
            "episodes": report.dataset.episodes,
            "frames": report.dataset.frames,
            "tasks": sum(t.counts.written > 0 for t in report.tasks),
            "complete": report.complete,
            "digest": report.digest,
        },
        id=uuid5(run, READY),
    )
