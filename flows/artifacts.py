"""Markdown of a run for Prefect's artifact pages: counts as tables, one small picture a task as a data URI."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flows.folder import RunFolder
from flows.media import data_uri, filmstrip
from flows.report import RunReport, TaskReport
from flows.showcase import Shown


def artifact_key(name: str) -> str:
    """Prefect's keys are lower case letters, digits and dashes."""
    return "task-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def task_markdown(report: TaskReport, shown: Shown | None) -> str:
    """Instruction, goal, counts, causes and a filmstrip of one demonstration."""
    low, high = report.interval
    c = report.counts
    lines = [
        f"# {report.task.instruction}",
        f"`{report.task.goal}`  ·  {report.task.family}  ·  **{report.status}**",
        "",
        "| attempted | solved | 95% interval | replayed | written |",
        "|--:|--:|:-:|--:|--:|",
        f"| {c.attempted} | {c.solved} | {low:.0%} – {high:.0%} | {c.replayed} | {c.written} |",
        "",
        *(f"- {count} × `{cause}`: {report.examples.get(cause, '')}" for cause, count in report.causes.items()),
        *(f"- {reason}" for reason in report.reasons),
        "",
        *_pictures(shown),
    ]
    return "\n".join(lines)


def task_description(report: TaskReport, shown: Shown | None) -> str:
    """The instruction and a thumbnail of the last frame, for the cards of the artifact page."""
    lines = [report.task.instruction]
    if shown is not None:
        first = next(iter(shown.rgb.values()))
        lines += ["", f"![]({data_uri(filmstrip(first[-1:]))})"]
    return "\n".join(lines)


def gallery_markdown(report: RunReport, folder: RunFolder, shown: Mapping[str, Shown]) -> str:
    """Every task on one page, and where the full gallery is."""
    lines = [
        f"# {report.counts.written} demonstrations of {len(report.tasks)} tasks",
        f"Self-contained gallery: `{folder.gallery}`  ·  dataset: `{folder.dataset}`",
    ]
    for one in report.tasks:
        solved = f"{one.counts.solved} of {one.counts.attempted} solved, {one.counts.written} written"
        lines += [
            "",
            f"## {one.task.instruction}",
            f"{one.task.family} · {solved}",
            "",
            *_pictures(shown.get(one.task.name)),
        ]
    return "\n".join(lines)


def _pictures(shown: Shown | None) -> list[str]:
    if shown is None:
        return []
    return [f"![{camera}]({data_uri(filmstrip(video, count=6))})" for camera, video in shown.rgb.items()]
