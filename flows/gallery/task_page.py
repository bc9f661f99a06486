"""The page of one task in the static gallery."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from flows.album import Album
from flows.config import spoken
from flows.counting import counted
from flows.gallery.entries import Run
from flows.gallery.fragments import definitions, facts, failures, program, rate, words
from flows.gallery.ways import ways
from flows.report import TaskReport


@dataclass(frozen=True)
class Shown:
    """Addresses of a task's pictures as seen from its page; empty where there is none."""

    album: Album
    still: str = ""
    film: str = ""
    moving: Mapping[str, str] = field(default_factory=dict)
    strips: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    recording: str = ""


def task_page(run: Run, one: TaskReport, shown: Shown, *, policy: str, neighbours: tuple[str, str] = ("", "")) -> str:
    """The whole page; ``neighbours`` are the names of the tasks before and after it in its run."""
    title, config = escape(one.task.instruction), run.report.config
    where = f"{words(one.task.family)} · {config.robot} in {config.backend} · {spoken(config.solver)} · run {run.name}"
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<title>{title}</title><link rel="stylesheet" href="../../site.css"></head>
<body><main class="task">
<nav aria-label="Gallery"><a href="../../index.html">All tasks</a>{_neighbours(*neighbours)}</nav>
<header><div class="tags"><span>{escape(where)}</span><span class="status {one.status}">{one.status}</span></div>
<h1>{title}</h1>
<code class="goal">{escape(one.task.goal)}</code></header>
{_views(shown)}
<div class="columns"><section aria-label="Numbers">
{rate(one)}
<dl>{definitions(_facts(one, shown.album))}</dl>
</section><section aria-label="How it was done">
{program(one)}
{failures(one, shown.failed)}
</section></div>
{_ways(one)}
{_strips(shown)}
{_again(run, one, shown)}
</main></body></html>
"""


def _neighbours(before: str, after: str) -> str:
    named = (("before", "Previous", before), ("after", "Next", after))
    return "".join(f'<a class="{kind}" href="{name}.html">{label}</a>' for kind, label, name in named if name)


def _views(shown: Shown) -> str:
    """The film where there is one, and what each camera saw; a still for whoever does not want motion."""
    figures = [
        f'<figure><picture><source media="(prefers-reduced-motion: reduce)" srcset="{shown.still}">'
        f'<img loading="lazy" width="384" height="384" alt="the demonstration, seen by the {escape(camera)} camera" '
        f'src="{address}"></picture><figcaption>{escape(camera)}, in brief</figcaption></figure>'
        for camera, address in shown.moving.items()
        if address
    ]
    if shown.film:
        figures.append(
            f'<figure class="film"><video controls muted preload="none" poster="{shown.still}" src="{shown.film}" '
            f'style="aspect-ratio:{max(1, len(shown.moving))}" '
            'aria-label="The demonstration at true speed"></video>'
            "<figcaption>all cameras, true speed</figcaption></figure>"
        )
    none = '<p class="none">There is no demonstration to show.</p>'
    return f'<div class="stage">{"".join(figures) or none}</div>'


def _facts(one: TaskReport, album: Album) -> Mapping[str, str]:
    refused = ", ".join(f"{count} × {reason}" for reason, count in one.refused.items())
    gate = "turned the task down" if one.status == "rejected" else "passed"
    return {
        "proposed by": one.task.author,
        "gate": f"{gate}; scenes refused: {refused}" if refused else gate,
        "scenes": f"{one.counts.built} built, {one.counts.attempted} attempted",
        **({"model": _model(one)} if one.asked is not None else {}),
        **facts(one, album),
    }


def _model(one: TaskReport) -> str:
    """How often a model was asked for programs, patches and rewards, and the first of the calls that gave nothing."""
    assert one.asked is not None
    asked = f"asked {counted(one.asked.calls + one.asked.cached, 'time')}"
    if not one.failed_calls:
        return asked
    vain = f"{counted(len(one.failed_calls), 'question')} in vain, where rules stood in"
    return f"{asked}; {vain}, the first: {one.failed_calls[0]}"


def _ways(one: TaskReport) -> str:
    return f"<section><h2>How each stage is done</h2>{ways(one)}</section>" if one.ways else ""


def _strips(shown: Shown) -> str:
    images = "".join(
        f'<img loading="lazy" alt="frames of the {escape(camera)} camera, first to last" src="{address}">'
        for camera, address in shown.strips.items()
        if address
    )
    return f'<section><h2>Frames</h2><div class="strip" tabindex="0">{images}</div></section>' if images else ""


def _again(run: Run, one: TaskReport, shown: Shown) -> str:
    """The dataset, and the command that replays the demonstration."""
    dataset = str(run.folder.dataset.absolute())
    command = f"taskloom replay {shlex.quote(dataset)} --task {one.task.name}"
    recording = f'<p><a href="{shown.recording}">Rerun recording</a></p>' if shown.recording else ""
    replay = f"<pre><code>{escape(command)}</code></pre>" if one.counts.written else ""
    return f"<section><h2>See it again</h2><p>Dataset <code>{escape(dataset)}</code></p>{replay}{recording}</section>"
