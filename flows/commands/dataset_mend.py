"""``taskloom dataset repair``: a damaged dataset without what is damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.commands._dataset import AsJson, answer, progress
from pipeline.dataset.mending.repair import Repair
from pipeline.dataset.mending.repair import repair as mend


def repair(
    dataset: Annotated[Path, typer.Argument(help="Folder of a dataset, e.g. runs/demo/dataset.zarr.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be dropped.")] = False,
    as_json: AsJson = False,
) -> None:
    """Drop the episodes that damage has hit, and nothing else; all others stay as they are, bit for bit.

    Files that can be made again exactly are; rows beyond the commit mark are cut off. The repaired dataset takes the
    place of the damaged one when it is whole. Exit code 0 if the dataset is sound afterwards (with --dry-run: is now).

    Example: `taskloom dataset repair runs/demo/dataset.zarr --dry-run`
    """
    with progress("repairing") as heard:
        done = mend(dataset, dry=dry_run, heard=heard)
    answer(done.model_dump(mode="json"), _words(dataset, done, dry=dry_run), as_json=as_json)
    if dry_run and done.needed:
        raise typer.Exit(1)


def _words(dataset: Path, done: Repair, *, dry: bool) -> str:
    if not done.needed:
        return f"{dataset} is sound; nothing was done."
    would = "would be " if dry else ""
    lines = [f"{path}: {would}made again exactly as it was" for path in done.healed]
    lines += [f"{path}: {would}removed, it does not belong there" for path in done.removed]
    lines += done.notes
    lines += [f"episode {d.episode} ({d.id}): {would}dropped; {'; '.join(d.reasons)}" for d in done.dropped]
    return "\n".join([*lines, f"{done.kept} episodes {would}kept, {len(done.dropped)} {would}dropped."])
