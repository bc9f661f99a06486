"""Fragments of HTML that the page of a run and the page of a task share; every text from outside is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from flows.album import Album
from flows.media import data_uri
from flows.report import Counts, TaskReport
from pipeline.core.program import Stage
from pipeline.core.refinement import Round


def rate(one: TaskReport) -> str:
    """How many attempts were solved, as a bar with its Wilson interval."""
    c = one.counts
    if not c.attempted:
        return ""
    low, high = one.interval
    bar = f'<i style="left:{low:.1%};right:{1 - high:.1%}"></i><b style="left:{c.solved / c.attempted:.1%}"></b>'
    return (
        f'<div class="rate"><span>{c.solved} of {c.attempted} solved</span><div class="bar">{bar}</div>'
        f"<span>{low:.0%} – {high:.0%}</span></div>"
    )


def facts(one: TaskReport, album: Album) -> Mapping[str, str]:
    """What else there is to say of a task, as plain text by its heading."""
    c = one.counts
    said = {"written": f"{c.written} of {c.replayed} confirmed by replay, batches: {one.batches}"}
    if album.shown is not None:
        said["shown"] = f"attempt {album.shown.attempt}, {album.shown.seconds:.1f} s"
    if one.seconds:
        said["time"] = ", ".join(f"{stage} {s:.1f} s" for stage, s in one.seconds.items() if s >= 0.05) or "instant"
    if one.reasons:
        said["reasons"] = "; ".join(one.reasons)
    return said


def definitions(said: Mapping[str, str]) -> str:
    """Headings and texts as the inside of a ``dl``."""
    return "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in said.items())


def failures(one: TaskReport, pictures: Mapping[str, str]) -> str:
    """Causes with an example in words and, where there is one, a picture; ``pictures`` maps causes to addresses."""
    if not one.causes:
        return ""
    rows = "".join(_failure(cause, count, one.examples.get(cause, ""), pictures) for cause, count in one.causes.items())
    total = sum(one.causes.values())
    return f'<details open><summary>{total} failed, by cause</summary><ul class="causes">{rows}</ul></details>'


def _failure(cause: str, count: int, example: str, pictures: Mapping[str, str]) -> str:
    source = pictures.get(cause)
    alt = f"last frame of an attempt that failed with {words(cause)}"
    image = f'<img loading="lazy" alt="{escape(alt)}" src="{escape(source)}">' if source else ""
    return f"<li>{image}<p><b>{count} × {escape(words(cause))}</b><br>{escape(example)}</p></li>"


def program(one: TaskReport) -> str:
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


def embedded(album: Album) -> Mapping[str, str]:
    """Data URIs of the pictures of failures, by cause."""
    return {cause: data_uri(path.read_bytes()) for cause, path in album.failed.items()}


def percent(c: Counts) -> str:
    """Share of the attempts that were solved."""
    return f"{c.solved / c.attempted:.0%}" if c.attempted else "–"


def words(name: str) -> str:
    """A name with spaces."""
    return name.replace("_", " ")
