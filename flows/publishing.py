"""Publishing: the cards of tasks and of a batch as Prefect artifacts, each key edited in place while its run goes on.

Import it only once the environment says which server to use; see :mod:`flows.server`. To be called inside a flow run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from prefect import get_client
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact
from prefect.client.schemas.sorting import ArtifactSort
from prefect.context import FlowRunContext

from flows.album import Album, read_album
from flows.cards.batch_card import BATCHES, batches_card, gallery_card, gallery_description, outcome_rows
from flows.cards.keys import INDEX, batch_name, card_key, gallery_key, outcomes_key
from flows.cards.places import Places
from flows.cards.task_card import task_card, task_description
from flows.config import RunConfig
from flows.folder import RunFolder, held_config
from flows.report import RunReport, TaskReport
from pipeline.core.secrecy import without_secrets

TILES = 100  # tasks whose pictures are looked at for a gallery; fewer have room


def publish_task(report: TaskReport, folder: RunFolder) -> None:
    """The card of one task of the run in ``folder``; calling it again brings the card up to date."""
    album = read_album(folder, report.task.name, batches=report.batches)
    card = task_card(report, album, folder, held_config(folder), Places.here(folder))
    _publish(card_key(batch_name(folder.root), report.task.name), card, task_description(report, album))


def publish_batch(report: RunReport | Sequence[TaskReport], folder: RunFolder) -> None:
    """Gallery, table of outcomes and list of batches, of a finished run or of the tasks that are done so far."""
    tasks = report.tasks if isinstance(report, RunReport) else tuple(report)
    config: RunConfig = report.config if isinstance(report, RunReport) else held_config(folder)
    batch = batch_name(folder.root)
    albums: dict[str, Album] = {
        one.task.name: read_album(folder, one.task.name, batches=one.batches) for one in tasks[:TILES]
    }
    gallery = gallery_card(tasks, albums, folder, config, batch=batch)
    _publish(gallery_key(batch), gallery, gallery_description(tasks, albums))
    _publish(outcomes_key(batch), outcome_rows(tasks), f"Outcomes of the tasks of {batch}, the ones to look at first")
    _publish(INDEX, batches_card(_galleries()), "All batches, newest first", always_in_place=True)


def _publish(key: str, data: str | list[Any], description: str, *, always_in_place: bool = False) -> None:
    """Edit the artifact that this flow run holds under the key (or any run), or create it; no secret gets onto it."""
    description = without_secrets(description)
    data = without_secrets(data) if isinstance(data, str) else json.loads(without_secrets(json.dumps(data)))
    held = _newest([key], limit=1)
    if held and (always_in_place or held[0].flow_run_id == _flow_run()):
        stored = data if isinstance(data, str) else json.dumps(data)
        get_client(sync_client=True).update_artifact(held[0].id, ArtifactUpdate(data=stored, description=description))
    elif isinstance(data, str):
        create_markdown_artifact(data, key=key, description=description)
    else:
        create_table_artifact(data, key=key, description=description)


def _galleries() -> list[tuple[str, str]]:
    """Every batch and its line of numbers, newest first."""
    suffix = gallery_key("")
    found: dict[str, str] = {}
    for artifact in _newest(None, limit=BATCHES, like=suffix):
        key = artifact.key or ""
        if key.endswith(suffix):
            found.setdefault(key.removesuffix(suffix), (artifact.description or "").split("\n")[0])
    return list(found.items())


def _newest(keys: list[str] | None, *, limit: int, like: str | None = None) -> list[Artifact]:
    return get_client(sync_client=True).read_artifacts(
        limit=limit,
        sort=ArtifactSort.UPDATED_DESC,
        artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=keys, like_=like)),
    )


def _flow_run() -> Any:
    context = FlowRunContext.get()
    return context.flow_run.id if context is not None and context.flow_run is not None else None
