"""Ways: how each stage of a task is done and why, as HTML with the curves of what was learned for it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from flows.gallery.charts import Line, looks, shares_chart, small_chart, thousands
from flows.report import TaskReport
from flows.way_words import IN_WORDS, measured, planned_throughout
from pipeline.core.learning import Curve, StageWay, WayTried

CURVES = 16  # of one stage that are drawn, at most: the chosen way's first


def ways(one: TaskReport) -> str:
    """Every stage with its way; empty where the solver had no choice."""
    if why := planned_throughout(one):
        return f'<p class="why">All stages are planned: {escape(why)}.</p>'
    return f'<div class="ways">{"".join(map(_stage, one.ways))}</div>' if one.ways else ""


def _stage(stage: StageWay) -> str:
    chosen = next((tried for tried in stage.tried if tried.way == stage.way), None)
    how = "" if chosen is None else f" · reached {measured(chosen)}"
    return (
        f'<article class="way"><h3>Stage {stage.number}: {escape(stage.stage)}</h3>'
        f"<p><b>{escape(IN_WORDS[stage.way])}</b>{escape(how)}</p>"
        f'<p class="why">{escape(stage.reason)}</p>{_tried(stage)}{_curves(stage)}</article>'
    )


def _tried(stage: StageWay) -> str:
    if not stage.tried:
        return ""
    rows = "".join(_row(tried, "chosen" if tried.way == stage.way else "other") for tried in stage.tried)
    head = "<tr><th>way tried</th><th>reached from held-out starts, 95%</th><th>actions of practice</th></tr>"
    return f'<div class="wide"><table class="families"><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _row(tried: WayTried, kind: str) -> str:
    cells = (IN_WORDS[tried.way], measured(tried), f"{tried.steps:,}")
    return f'<tr class="{kind}">{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'


def _curves(stage: StageWay) -> str:
    """Success of all trainings in one chart; the reward and the terms of each below it."""
    order = sorted(stage.tried, key=lambda tried: tried.way != stage.way)
    known = [(tried, curve) for tried in order for curve in reversed(tried.curves) if curve.steps]
    if not known:
        return ""
    shown = known[:CURVES]
    lines = [Line(_name(t, c), c.steps, c.success, i) for i, (t, c) in enumerate(shown)]
    label = "Success over actions of practice. " + "; ".join(_in_words(line) for line in lines)
    legend = "".join(f'<li><i class="{looks(line)}"></i>{escape(_in_words(line))}</li>' for line in lines)
    rest = f"<li>{len(known) - len(shown)} more are in report.json</li>" if len(known) > len(shown) else ""
    first, *others = [_details(line, curve) for line, (_, curve) in zip(lines, shown, strict=True)]
    more = f"<details><summary>{len(others)} more</summary>{''.join(others)}</details>" if others else ""
    return (
        f"<figure>{shares_chart(lines, label=label, unit='actions')}"
        f'<figcaption>episodes of practice that reached the goal<ul class="legend">{legend}{rest}</ul></figcaption>'
        f"</figure>{first}{more}"
    )


def _name(tried: WayTried, curve: Curve) -> str:
    return IN_WORDS[tried.way] if curve.name in ("", tried.way) else curve.name


def _in_words(line: Line) -> str:
    end = f"{line.values[-1]:.0%}" if line.values else "nothing"
    return f"{line.name}, {end} after {thousands(line.counts[-1])}"


def _details(line: Line, curve: Curve) -> str:
    """The text of the reward, and a small chart of each of its terms and of their sum."""
    text = f"<pre><code>{escape(curve.reward)}</code></pre>" if curve.reward else "<p>The stage's predicate alone.</p>"
    by = f", by {curve.author}" if curve.author else ""
    series = {"reward of an action": curve.value, **curve.terms}
    charts = "".join(_term(name, curve, values, line.colour) for name, values in series.items())
    return (
        f"<details><summary>{escape(line.name)}: reward and its terms{escape(by)}</summary>{text}"
        f'<div class="terms">{charts}</div></details>'
    )


def _term(name: str, curve: Curve, values: Sequence[float], colour: int) -> str:
    line = Line(name, curve.steps, values, colour)
    ends = f"{values[0]:.3g} → {values[-1]:.3g}" if values else ""
    return (
        f"<figure>{small_chart(line, label=f'{name}: {ends}')}"
        f"<figcaption><b>{escape(name)}</b> {escape(ends)}</figcaption></figure>"
    )
