"""The flow ``pack-dataset``: what a run has on disk as a dataset with report and gallery, and to a URL if wanted.

Import it only once the environment says which server to use; see :mod:`flows.server`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from prefect import flow, get_run_logger, task
from prefect.runtime import flow_run

from flows.announcing import announce
from flows.claim import claimed
from flows.finishing import finish_as_is
from flows.flow_runs import pack_run_name, refuse_endless
from flows.folder import RunFolder
from flows.home import run_folder
from flows.publishing import publish_batch
from flows.report import RunReport
from flows.secrecy import keeps_secrets
from pipeline.core.errors import TaskloomError
from pipeline.dataset.transfer.push import push


@flow(name="pack-dataset", flow_run_name=pack_run_name)
@keeps_secrets
def pack_dataset(out: str, push_to: str | None = None, announce_it: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002
    """Pack the finished batches of a planned run, also of one that was cancelled.

    Args:
        out: Name of the run, a folder under the runs root.
        push_to: URL that shall hold the same dataset, such as s3://bucket/name.zarr; keys come from the environment.
        announce_it: Whether to emit the event taskloom.dataset.ready.
    """
    refuse_endless()
    folder = run_folder(out)
    report = _pack(folder)
    if report.dataset is None:
        raise TaskloomError(f"Run {out!r} has written no demonstration yet; there is nothing to pack.")
    if push_to:
        _push(folder, push_to)
    publish_batch(report, folder)
    if announce_it:
        announce(report, folder, name=out, run=UUID(str(flow_run.id)))
    return {"out": out, "episodes": report.dataset.episodes, "missing": list(report.missing)}


@task(name="pack", task_run_name="pack and report", persist_result=False)
@keeps_secrets
def _pack(folder: RunFolder) -> RunReport:
    with claimed(folder.root / "claims" / "pack"):
        report = finish_as_is(folder)
    if report.missing:
        get_run_logger().warning("missing: %s", ", ".join(report.missing))
    return report


@task(name="push", task_run_name="push", persist_result=False)
@keeps_secrets
def _push(folder: RunFolder, url: str) -> None:
    """Files that are there already are not sent again."""
    moved = push(folder.dataset, url)
    get_run_logger().info("%d files, %d bytes sent; %d were there", moved.files, moved.bytes, moved.kept)
