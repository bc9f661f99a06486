"""Publishing: the cards of tasks and of a batch as Prefect artifacts, each key edited in place while its run goes on.

Import it only once the environment says which server to use; see :mod:`flows.server`. To be called inside a flow run.
"""

from __future__ import annotations

from collections.abc import Sequence

from prefect import get_client
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort
from prefect.context import FlowRunContext

from flows.artifacts import artifact_key, gallery_markdown, task_description, task_markdown
from flows.folder import RunFolder
from flows.report import RunReport, TaskReport
from flows.showcase import first_demonstrations


def publish_task(report: TaskReport, folder: RunFolder) -> None:
    """The card of one task of the run in ``folder``; calling it again brings the card up to date."""
    shown = first_demonstrations(folder).get(report.task.name)
    _publish(artifact_key(report.task.name), task_markdown(report, shown), task_description(report, shown))


def publish_batch(report: RunReport | Sequence[TaskReport], folder: RunFolder) -> None:
    """The gallery of a finished run, or of the tasks that are done so far."""
    if not isinstance(report, RunReport):
        return
    shown = first_demonstrations(folder)
    _publish("gallery", gallery_markdown(report, folder, shown), "Every task at a glance")


def _publish(key: str, markdown: str, description: str) -> None:
    """Edit the artifact that this flow run holds under the key, or create it."""
    held = get_client(sync_client=True).read_artifacts(
        limit=1, sort=ArtifactSort.UPDATED_DESC, artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    )
    context = FlowRunContext.get()
    mine = context.flow_run.id if context is not None and context.flow_run is not None else None
    if held and mine is not None and held[0].flow_run_id == mine:
        change = ArtifactUpdate(data=markdown, description=description)
        get_client(sync_client=True).update_artifact(held[0].id, change)
    else:
        create_markdown_artifact(markdown, key=key, description=description)
