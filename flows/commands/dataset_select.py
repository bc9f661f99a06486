"""``taskloom dataset filter``, ``split`` and ``merge``: datasets of some or more episodes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.commands._dataset import (
    AsJson,
    Families,
    Ids,
    Outcomes,
    Place,
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
from pipeline.dataset.dividing import by_fraction, by_key, write_splits
from pipeline.dataset.dividing import merge as join
from pipeline.dataset.subset import Selected, meta_of, pictures, write_selected
from pipeline.dataset.transfer.remote import discreet

KEYS = ("task", "family", "solver", "split")
Out = Annotated[Path, typer.Argument(help="Where the new dataset goes; must not exist.")]
Name = Annotated[str | None, typer.Option(help="Name of the new dataset; that of the (first) old one if left out.")]


def filter(
    dataset: Place,
    out: Out,
    task: Tasks = None,
    family: Families = None,
    solver: Solvers = None,
    split: Splits = None,
    success: Outcomes = None,
    id: Ids = None,
    where: Where = None,
    keys: Annotated[
        list[str] | None,
        typer.Option(help="Keep only these pictures, e.g. rgb_front or 'depth_*'. May be repeated."),
    ] = None,
    name: Name = None,
    as_json: AsJson = False,
) -> None:
    """Write the episodes that meet every condition as a new dataset, which appears whole or not at all.

    Each keeps the split that it has. Statistics, hashes and assets are those of what is left.

    Example: `taskloom dataset filter runs/demo/dataset.zarr runs/stacks.zarr --family stack --where "length < 200"`
    """
    reader = opened(dataset)
    conditions = {"tasks": task, "families": family, "solvers": solver, "splits": split, "ids": id}
    rows = chosen(reader, success=success, where=where, **conditions)
    cameras, channels = pictures(reader, keys) if keys else (None, None)
    asked = {k: v for k, v in {**conditions, "success": success, "where": where, "keys": keys}.items() if v is not None}
    meta = meta_of([reader], {"name": "filter", "selection": asked}, name=name)
    with discreet(), progress("writing") as heard:
        count = write_selected([Selected(reader, rows, cameras, channels)], out, meta=meta, heard=heard)
    told = {"dataset": str(out), "episodes": count, "of": len(reader)}
    answer(told, f"{out}: {count} of {len(reader)} episodes.", as_json=as_json)


def split(
    dataset: Place,
    out: Annotated[Path, typer.Argument(help="Folder for the new datasets, one a split: OUT/<name>.zarr.")],
    into: Annotated[
        str | None, typer.Option(help="Names and shares, e.g. train=0.8,val=0.1,test=0.1, taken of every task.")
    ] = None,
    by: Annotated[str | None, typer.Option(help=f"Instead of shares, one dataset for each {', '.join(KEYS)}.")] = None,
    seed: Annotated[int, typer.Option(help="Which episodes go where, with --into.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Divide a dataset into several, by shares of every task or by what episodes have in common. No episode is in two.

    Example: `taskloom dataset split runs/demo/dataset.zarr runs/splits --into train=0.8,val=0.1,test=0.1`
    """
    if (into is None) == (by is None):
        raise InvalidInputError("Give either --into NAME=SHARE,... or --by " + ", ".join(KEYS) + ".")
    reader = opened(dataset)
    if by is not None:
        if by not in KEYS:
            raise InvalidInputError(f"--by {by!r}: give one of {', '.join(KEYS)}.")
        rows = by_key(reader, by)  # pyright: ignore[reportArgumentType]
    else:
        rows = by_fraction(reader, _shares(into or ""), seed=seed)
    with discreet(), progress("writing") as heard:
        counts = write_splits(reader, rows, out, heard=heard)
    text = "\n".join(f"{out / name}.zarr: {count} episodes" for name, count in counts.items())
    answer({"folder": str(out), "episodes": counts}, text, as_json=as_json)


def merge(
    datasets: Annotated[list[str], typer.Argument(help="Folders or URLs of two or more datasets, in order.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the new dataset goes; must not exist.")],
    name: Name = None,
    licence: Annotated[
        str | None, typer.Option("--license", help="SPDX id of the result, when the datasets have different ones.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Join datasets of one robot, control rate and set of cameras into one; refuses others, saying why.

    Example: `taskloom dataset merge runs/monday.zarr runs/tuesday.zarr --out runs/both.zarr`
    """
    if len(datasets) < 2:
        raise InvalidInputError("Give two or more datasets to merge.")
    readers = [opened(place) for place in datasets]
    with discreet(), progress("writing") as heard:
        count = join(readers, out, name=name, licence=licence, heard=heard)
    answer({"dataset": str(out), "episodes": count}, f"{out}: {count} episodes.", as_json=as_json)


def _shares(text: str) -> dict[str, str]:
    pairs = [item.partition("=") for item in text.split(",")]
    if any(not name or not share for name, _, share in pairs) or len({name for name, _, _ in pairs}) < len(pairs):
        raise InvalidInputError(f"--into {text!r}: give different names with shares, e.g. train=0.8,val=0.2.")
    return {name.strip(): share.strip() for name, _, share in pairs}
