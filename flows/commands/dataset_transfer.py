"""``taskloom dataset push`` and ``pull``: datasets to and from any URL that fsspec opens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands._dataset import (
    AsJson,
    Families,
    Ids,
    Outcomes,
    Solvers,
    Splits,
    Tasks,
    Where,
    answer,
    chosen,
    opened,
    progress,
)
from pipeline.core.errors import InvalidInputError
from pipeline.dataset.transfer.partial import pull_part
from pipeline.dataset.transfer.pull import pull as fetch
from pipeline.dataset.transfer.push import Transfer
from pipeline.dataset.transfer.push import push as send
from pipeline.dataset.transfer.remote import redacted

Replace = Annotated[bool, typer.Option("--replace", help="Replace another dataset that is there.")]


def push(
    dataset: Annotated[Path, typer.Argument(help="Folder of a dataset, e.g. runs/demo/dataset.zarr.")],
    url: Annotated[str, typer.Argument(help="Where it goes: s3://bucket/demo.zarr, gs://..., file:///..., ...")],
    replace: Replace = False,
    check: Annotated[
        bool, typer.Option("--check", help="Read back what is there already, and send damaged objects again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send what differs, the commit mark last; run it again to go on after an interruption.

    Whoever reads the URL meanwhile sees the episodes that were there before, then all of them. Keys come from the
    environment, as the provider's own tools read them (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, ...).

    Example: `taskloom dataset push runs/demo/dataset.zarr s3://my-bucket/demo.zarr`
    """
    with progress("sending", files=True) as heard:
        done = send(dataset, url, replace=replace, check=check, heard=heard)
    answer(done.model_dump(), _words(redacted(url), done, "sent"), as_json=as_json)


def pull(
    url: Annotated[str, typer.Argument(help="Where a dataset is: s3://, gs://, https://, file:///, ...")],
    out: Annotated[Path, typer.Argument(help="Folder that it comes to.")],
    task: Tasks = None,
    family: Families = None,
    solver: Solvers = None,
    split: Splits = None,
    success: Outcomes = None,
    id: Ids = None,
    where: Where = None,
    keys: Annotated[
        list[str] | None,
        typer.Option(help="Fetch only these pictures, e.g. rgb_front or 'depth_*'. May be repeated."),
    ] = None,
    replace: Replace = False,
    check: Annotated[
        bool, typer.Option("--check", help="Read what is here already, and fetch damaged files again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch what differs, every file checked, and put it into place as a whole; run it again to go on.

    With conditions or keys only the episodes and pictures asked for are read.

    Example: `taskloom dataset pull s3://my-bucket/demo.zarr demo.zarr --task stack_cups --keys rgb_front`
    """
    conditions: dict[str, Any] = {
        "tasks": task, "families": family, "solvers": solver, "splits": split, "success": success, "ids": id,
        "where": where,
    }  # fmt: skip
    if all(v is None for v in conditions.values()) and not keys:
        with progress("fetching", files=True) as heard:
            done = fetch(url, out, replace=replace, check=check, heard=heard)
        answer(done.model_dump(), _words(str(out), done, "fetched"), as_json=as_json)
        return
    if replace or check:
        raise InvalidInputError("--replace and --check are for whole datasets; pull a part to a new place.")
    reader = opened(url)
    rows = chosen(reader, **conditions)
    selection = {k: v for k, v in {**conditions, "keys": keys}.items() if v is not None}
    with progress("fetching") as heard:
        count = pull_part(reader, rows, out, keys=keys or (), selection=selection, heard=heard)
    told = {"dataset": str(out), "episodes": count, "of": len(reader)}
    answer(told, f"{out}: {count} of {len(reader)} episodes.", as_json=as_json)


def _words(place: str, done: Transfer, verb: str) -> str:
    return (
        f"{place}: {done.episodes} episodes; {done.files} files {verb} ({done.bytes / 1e6:.1f} MB), {done.kept} were "
        f"there already{f', {done.removed} removed' if done.removed else ''}."
    )
