"""The gallery: one self-contained page of a run, from its report and its dataset, that needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

from flows.album import Album, complete_albums, read_album
from flows.config import spoken
from flows.counting import counted
from flows.folder import RunFolder
from flows.gallery.fragments import definitions, embedded, facts, failures, percent, program, rate, words
from flows.gallery.ways import ways
from flows.media import data_uri
from flows.report import Counts, RunReport, TaskReport
from flows.way_words import ways_in_brief
from pipeline.core.files import write_atomically
from pipeline.core.intervals import wilson

COUNTED = ("attempted", "solved", "replayed", "written")
NO_VIEWS = '<p class="none">no demonstration</p>'
EMBEDDED = 200  # tasks with their pictures in the page; 0.3 MB each


def write_gallery(report: RunReport, folder: RunFolder) -> Path:
    """Write ``index.html`` and return where it is."""
    shown = report.tasks[:EMBEDDED]
    complete_albums(folder, {one.task.name: one.batches for one in shown})
    albums = {one.task.name: read_album(folder, one.task.name, batches=one.batches) for one in shown}
    write_atomically(folder.gallery, gallery_html(report, albums))
    return folder.gallery


def gallery_html(report: RunReport, albums: Mapping[str, Album]) -> str:
    """The page as text: styles inline, pictures as data URIs; tasks after the first EMBEDDED are only named."""
    css = (Path(__file__).parent / "look.css").read_text()
    cards = "\n".join(_card(one, albums.get(one.task.name, Album())) for one in report.tasks[:EMBEDDED])
    title = f"{counted(report.counts.written, 'demonstration')} of {counted(_tried(report), 'task')}"
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
{_others(report)}
{_rejected(report)}
{_footer(report)}
</main></body></html>
"""


def _tried(report: RunReport) -> int:
    return sum(t.status != "rejected" for t in report.tasks)


def _lede(report: RunReport) -> str:
    c = report.config
    return (
        f"Robot {c.robot} in {c.backend}, solver {spoken(c.solver)}, preset {c.preset}, seed {c.seed}. Every "
        "demonstration was replayed from its reset and actions, verified and rendered in that same pass."
    )


def _totals(report: RunReport) -> str:
    c = report.counts
    frames = report.dataset.frames if report.dataset else 0
    size = report.dataset.bytes / 1e6 if report.dataset else 0
    values = {
        "demonstrations": f"{c.written}",
        "of attempts solved": percent(c),
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
    return f"<tr><td>{escape(words(name))}</td>{cells}<td>{interval}</td></tr>"


def _card(one: TaskReport, album: Album) -> str:
    return f"""<article class="card" id="{escape(one.task.name)}">
{_views(album)}
<div class="body">
<div class="tags"><span>{escape(words(one.task.family))}</span>
<span class="status {one.status}">{one.status}</span></div>
<h2>{escape(one.task.instruction)}</h2>
<code class="goal">{escape(one.task.goal)}</code>
{rate(one)}
<dl>{definitions(facts(one, album))}</dl>
{failures(one, embedded(album))}
{program(one)}
{_ways(one)}
{_frames(album)}
</div></article>"""


def _ways(one: TaskReport) -> str:
    return f"<details><summary>{escape(ways_in_brief(one))}</summary>{ways(one)}</details>" if one.ways else ""


def _views(album: Album) -> str:
    films = {} if album.shown is None else {camera: album.moving(camera) for camera in album.shown.cameras}
    figures = "".join(
        f'<figure><img alt="{escape(camera)} camera" src="{data_uri(path.read_bytes())}">'
        f"<figcaption>{escape(camera)}</figcaption></figure>"
        for camera, path in films.items()
        if path is not None
    )
    return f'<div class="views">{figures or NO_VIEWS}</div>'


def _frames(album: Album) -> str:
    strips = {} if album.shown is None else {camera: album.strip(camera) for camera in album.shown.cameras}
    images = "".join(
        f'<img alt="{escape(camera)} frames" src="{data_uri(path.read_bytes())}">'
        for camera, path in strips.items()
        if path is not None
    )
    return f'<details><summary>frames</summary><div class="strip">{images}</div></details>' if images else ""


def _others(report: RunReport) -> str:
    """Tasks beyond those with pictures, by name, so that every link to a task arrives."""
    rest = report.tasks[EMBEDDED:]
    if not rest:
        return ""
    items = "".join(
        f'<li id="{escape(one.task.name)}">{escape(one.task.instruction)} ({escape(words(one.task.family))}, '
        f"{one.status}, {one.counts.solved} of {one.counts.attempted} solved)</li>"
        for one in rest
    )
    return f"<section><h2>{len(rest)} more; <code>taskloom gallery</code> shows all</h2><ul>{items}</ul></section>"


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


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
