"""The gallery: one self-contained page of a run, from its report and its dataset, that needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

from flows.folder import RunFolder
from flows.intervals import wilson
from flows.media import animation, data_uri, filmstrip
from flows.report import Counts, RunReport, TaskReport
from flows.showcase import Shown, first_demonstrations
from pipeline.core.files import write_atomically
from pipeline.core.program import Stage
from pipeline.core.refinement import Round

COUNTED = ("attempted", "solved", "replayed", "written")


def write_gallery(report: RunReport, folder: RunFolder) -> Path:
    """Write ``index.html`` and return where it is."""
    write_atomically(folder.gallery, gallery_html(report, first_demonstrations(folder)))
    return folder.gallery


def gallery_html(report: RunReport, shown: Mapping[str, Shown]) -> str:
    """The page as text: styles inline, pictures as data URIs."""
    css = (Path(__file__).parent / "gallery.css").read_text()
    cards = "\n".join(_card(one, shown.get(one.task.name)) for one in report.tasks)
    title = f"{report.counts.written} demonstrations of {_tried(report)} tasks"
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Taskloom: {escape(title)}</title><style>{css}</style></head>
<body><main>
<header><h1>{escape(title)}</h1>
<p class="lede">{escape(_lede(report))}</p></header>
{_totals(report)}
{_families(report)}
<div class="grid">
{cards}
</div>
{_rejected(report)}
{_footer(report)}
</main></body></html>
"""


def _tried(report: RunReport) -> int:
    return sum(t.status != "rejected" for t in report.tasks)


def _lede(report: RunReport) -> str:
    c = report.config
    return (
        f"Robot {c.robot} in {c.backend}, solver {c.solver}, preset {c.preset}, seed {c.seed}. Every demonstration was "
        "replayed from its reset and actions, verified and rendered in that same pass."
    )


def _totals(report: RunReport) -> str:
    c = report.counts
    frames = report.dataset.frames if report.dataset else 0
    size = report.dataset.bytes / 1e6 if report.dataset else 0
    values = {
        "demonstrations": f"{c.written}",
        "of attempts solved": _percent(c),
        "attempts": f"{c.attempted}",
        "frames": f"{frames:,}",
        "MB dataset": f"{size:.0f}",
        "wall clock": _minutes(report.seconds),
    }
    cells = "".join(f"<div><b>{escape(v)}</b><span>{escape(k)}</span></div>" for k, v in values.items())
    return f'<div class="totals">{cells}</div>'


def _families(report: RunReport) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("family", "proposed", "tried", *COUNTED, "solved, 95% interval"))
    rows = "".join(_family_row(name, counts) for name, counts in report.families.items())
    return (
        f'<div class="wide"><table class="families"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _family_row(name: str, c: Counts) -> str:
    low, high = wilson(c.solved, c.attempted)
    interval = f"{low:.0%} – {high:.0%}" if c.attempted else "–"
    values = [c.proposed, c.gated, *(getattr(c, k) for k in COUNTED)]
    cells = "".join(f"<td>{v}</td>" for v in values)
    return f"<tr><td>{escape(_words(name))}</td>{cells}<td>{interval}</td></tr>"


def _card(one: TaskReport, shown: Shown | None) -> str:
    return f"""<article class="card" id="{escape(one.task.name)}">
{_views(shown)}
<div class="body">
<div class="tags"><span>{escape(_words(one.task.family))}</span>
<span class="status {one.status}">{one.status}</span></div>
<h2>{escape(one.task.instruction)}</h2>
<code class="goal">{escape(one.task.goal)}</code>
{_rate(one)}
<dl>{_facts(one, shown)}</dl>
{_failures(one)}
{_program(one)}
{_frames(shown)}
</div></article>"""


def _views(shown: Shown | None) -> str:
    if shown is None:
        return '<div class="views"><p class="none">no demonstration</p></div>'
    figures = "".join(
        f'<figure><img alt="{escape(camera)} camera" src="{data_uri(animation(video))}">'
        f"<figcaption>{escape(camera)}</figcaption></figure>"
        for camera, video in shown.rgb.items()
    )
    return f'<div class="views">{figures}</div>'


def _rate(one: TaskReport) -> str:
    c = one.counts
    if not c.attempted:
        return ""
    low, high = one.interval
    bar = f'<i style="left:{low:.1%};right:{1 - high:.1%}"></i><b style="left:{c.solved / c.attempted:.1%}"></b>'
    return (
        f'<div class="rate"><span>{c.solved} of {c.attempted} solved</span><div class="bar">{bar}</div>'
        f"<span>{low:.0%} – {high:.0%}</span></div>"
    )


def _facts(one: TaskReport, shown: Shown | None) -> str:
    c = one.counts
    facts = {"written": f"{c.written} of {c.replayed} confirmed by replay, batches: {one.batches}"}
    if shown is not None:
        facts["shown"] = f"episode {shown.episode}, {shown.seconds:.1f} s"
    if one.seconds:
        facts["time"] = ", ".join(f"{stage} {s:.1f} s" for stage, s in one.seconds.items() if s >= 0.05) or "instant"
    if one.reasons:
        facts["reasons"] = "; ".join(one.reasons)
    return "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items())


def _failures(one: TaskReport) -> str:
    if not one.causes:
        return ""
    rows = "".join(
        f"<dt>{count} × {escape(_words(cause))}</dt><dd>{escape(one.examples.get(cause, ''))}</dd>"
        for cause, count in one.causes.items()
    )
    total = sum(one.causes.values())
    return f"<details open><summary>{total} failed, by cause</summary><dl>{rows}</dl></details>"


def _program(one: TaskReport) -> str:
    """The solver's program, and the rounds of refinement that led to it."""
    if one.program is None:
        return ""
    stages = "".join(f"<li>{escape(_stage(s))}</li>" for s in one.program.stages)
    rounds = "".join(f"<dt>round {i}</dt><dd>{_round(r)}</dd>" for i, r in enumerate(one.refinement))
    history = f"<dl>{rounds}</dl>" if rounds else ""
    count = len(one.program.stages)
    label = f"program by {one.program.author}, {count} stage{'' if count == 1 else 's'}"
    label += f", {len(one.refinement)} rounds tried" if one.refinement else ""
    return f"<details><summary>{escape(label)}</summary><ol>{stages}</ol>{history}</details>"


def _stage(stage: Stage) -> str:
    said = [
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in stage.parameters.items()
    ]
    return f"{stage} ({', '.join(said)})" if said else str(stage)


def _round(tried: Round) -> str:
    """What was tried in one round, the variant that went on in bold."""
    lines = [escape(tried.diagnosis.split("\n")[0])] if tried.diagnosis else []
    for number, variant in enumerate(tried.variants):
        words = escape(f"{'; '.join(variant.patches) or 'as planned'}: {variant.solved} of {variant.attempts} solved")
        lines.append(f"<b>{words}</b>" if number == tried.chosen else words)
    return "<br>".join(lines)


def _frames(shown: Shown | None) -> str:
    if shown is None:
        return ""
    strips = "".join(f'<img alt="{escape(c)} frames" src="{data_uri(filmstrip(v))}">' for c, v in shown.rgb.items())
    return f'<details><summary>frames</summary><div class="strip">{strips}</div></details>'


def _rejected(report: RunReport) -> str:
    if not report.rejected:
        return ""
    items = "".join(f"<li>{escape(r.task)}: {escape('; '.join(map(str, r.reasons)))}</li>" for r in report.rejected)
    return (
        f"<section><h2>{len(report.rejected)} proposals turned down by the static gate</h2><ul>{items}</ul></section>"
    )


def _footer(report: RunReport) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    return f"<footer>Configuration <code>{report.digest}</code>, made with {escape(versions)}.</footer>"


def _percent(c: Counts) -> str:
    return f"{c.solved / c.attempted:.0%}" if c.attempted else "–"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _words(name: str) -> str:
    return name.replace("_", " ")
