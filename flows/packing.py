"""Packing: the finished parts of a run, in plan order, as one dataset."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from flows.folder import RunFolder
from flows.jobs import BatchReport
from flows.plan import Plan
from flows.proposed import kept_proposals
from flows.stages import package_versions
from pipeline.core.geometry import Frozen
from pipeline.dataset.atomic import new_directory
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.batch import Source
from pipeline.dataset.pack import pack
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.rootfile import ROOT_FILE


class Packed(Frozen):
    """What the dataset holds."""

    path: str
    episodes: int
    frames: int
    bytes: int


def pack_parts(plan: Plan, reports: Sequence[BatchReport], folder: RunFolder) -> Packed | None:
    """Pack every batch that wrote something that the dataset does not hold yet; None when no batch did.

    Each part holds exactly the demonstrations its task still lacked, so all of every part goes in. A dataset that was
    packed while tasks were missing is made anew, so that its order is that of the plan.
    """
    parts = [folder.part(r.task, r.index) for r in reports if r.written]
    if not parts:
        return None
    meta = _meta(plan, folder)
    if _in_order(parts, folder.dataset):
        pack(parts, folder.dataset, meta=meta)
    else:
        with new_directory(folder.dataset) as fresh:
            pack(parts, fresh, meta=meta)
    reader = DatasetReader(folder.dataset)
    size = sum(p.stat().st_size for p in folder.dataset.rglob("*") if p.is_file())
    return Packed(path=folder.dataset.name, episodes=len(reader), frames=int(reader.ends[-1]), bytes=size)


def _in_order(parts: Sequence[Path], dataset: Path) -> bool:
    """Whether what the dataset holds is the beginning of what the parts hold."""
    if not (dataset / ROOT_FILE).exists():
        return True
    held = [str(i) for i in DatasetReader(dataset).column("episode_id")]
    wanted = (i for part in parts for i in Source.open(part).ids)
    return held == list(islice(wanted, len(held)))


def _meta(plan: Plan, folder: RunFolder) -> DatasetMeta:
    """What the dataset says of the run that made it; no clock, so that equal runs give equal datasets."""
    config = plan.config
    generator: dict[str, Any] = {
        "package": "taskloom",
        "version": package_versions()["taskloom"],
        "digest": config.digest,
    }
    proposed = kept_proposals(folder)
    if proposed is not None:
        generator["prompts"] = proposed.prompts
    return DatasetMeta(
        name=f"taskloom-{config.preset}-{config.seed}",
        generator={**generator, "configuration": config.model_dump(mode="json")},
    )
