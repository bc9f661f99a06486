"""Finishing a run whose tasks were demonstrated by other processes: dataset, memory, report and gallery."""

from __future__ import annotations

from collections.abc import Sequence

from assets.catalog import LibraryCatalog
from flows.experience import keep_experience
from flows.folder import RunFolder
from flows.gallery.run_page import write_gallery
from flows.harvest import Harvest
from flows.jobs import BatchReport
from flows.kept_plan import kept_plan
from flows.packing import pack_parts
from flows.plan import Plan
from flows.refining import keep_learned
from flows.report import RunReport, report_of


def finish(
    plan: Plan, reports: Sequence[BatchReport], folder: RunFolder, *, seconds: float, missing: Sequence[str] = ()
) -> RunReport:
    """Pack what was written and add it up; ``missing`` names the tasks that were broken off."""
    packed = pack_parts(plan, reports, folder)
    keep_learned(plan, reports, LibraryCatalog(), folder)
    keep_experience(plan, reports, LibraryCatalog(), folder)
    report = report_of(plan, reports, folder, packed, seconds=seconds, missing=missing)
    write_gallery(report, folder)
    return report


def finish_as_is(folder: RunFolder) -> RunReport:
    """Finish a planned run with what is on disk now, whatever is missing."""
    plan = kept_plan(folder)
    harvest = Harvest(plan, folder)
    harvest.start()
    return finish(plan, harvest.reports, folder, seconds=0.0, missing=[*harvest.missing])
