"""The summary of a run as a terminal table, and where to look next."""

from __future__ import annotations

from pathlib import Path

from rich.box import HORIZONTALS
from rich.table import Table

from flows.folder import RunFolder
from flows.report import Counts, RunReport, TaskReport
from flows.way_words import in_a_line

COLUMNS = ("attempted", "solved", "replayed", "written")
STYLES = {"complete": "green", "short": "yellow", "failed": "red", "rejected": "dim"}


def summary(report: RunReport) -> Table:
    """Tasks by what became of their attempts."""
    c = report.counts
    title = f"{c.proposed} proposed, {c.gated} tried, {c.written} demonstrations written in {report.seconds:.0f} s"
    table = Table(
        title=title, title_justify="left", title_style="bold", box=HORIZONTALS, pad_edge=False, padding=(0, 1)
    )
    table.add_column("task", overflow="fold", min_width=16)
    for name in (*COLUMNS, "95%"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for one in report.tasks:
        table.add_row(*_row(one))
    table.add_section()
    table.add_row("[bold]all", *_numbers(report.counts), "", "")
    return table


def troubles(report: RunReport) -> str:
    """A line for every task with failed attempts: how many of each cause, or why it could not be tried."""
    lines = list[str]()
    for one in report.tasks:
        why = [f"{n} {cause}" for cause, n in one.causes.items()] or list(one.reasons[:1])
        if why:
            lines.append(f"{one.task.name}: {', '.join(why)}")
    return "".join(f"{line}\n" for line in lines)


def learned(report: RunReport) -> str:
    """A line for every task of which a stage is not the planner's: how it is done, and what was measured of it."""
    lines = [f"{one.task.name}: {said}" for one in report.tasks if (said := in_a_line(one))]
    return "".join(f"{line}\n" for line in lines)


def places(report: RunReport, out: Path) -> str:
    """Where everything is."""
    folder = RunFolder(out)
    lines = [f"gallery   {folder.gallery}", f"report    {folder.report}", f"logs      {folder.logs}"]
    if folder.prefect_home.exists():
        lines.append(f"run page  taskloom ui {out}")
    if report.dataset is not None:
        size = (
            f"{report.dataset.episodes} episodes, {report.dataset.frames} frames, {report.dataset.bytes / 1e6:.0f} MB"
        )
        lines.insert(0, f"dataset   {folder.dataset}  ({size})")
    return "\n".join(lines)


def _row(one: TaskReport) -> list[str]:
    low, high = one.interval
    rate = f"{100 * low:.0f}–{high:.0%}" if one.counts.attempted else ""
    name = f"{one.task.name} [dim]{one.task.family}"
    return [name, *_numbers(one.counts), rate, f"[{STYLES[one.status]}]{one.status}"]


def _numbers(counts: Counts) -> list[str]:
    return [str(getattr(counts, name)) for name in COLUMNS]
