"""Words for ways of doing a stage: their names, what was measured of them, how their training went."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from flows.counting import counted
from flows.report import TaskReport
from pipeline.core.intervals import wilson
from pipeline.core.learning import Way, WayTried

IN_WORDS: dict[Way, str] = {
    "planner": "planner",
    "skill": "learned before",
    "residual": "learned on top of the planner",
    "policy": "learned",
    "dense": "learned with a dense reward",
}
BLOCKS = "▁▂▃▄▅▆▇█"
SPARKS = 16  # characters of a curve


def ways_in_brief(one: TaskReport) -> str:
    """As ``2 stages: 1 planner, 1 learned`` or ``2 stages, all planned``."""
    counts = Counter(IN_WORDS[stage.way] for stage in one.ways)
    if set(counts) == {IN_WORDS["planner"]}:
        return f"{counted(len(one.ways), 'stage')}, all planned"
    said = ", ".join(f"{count} {words}" for words, count in counts.items())
    return f"{counted(len(one.ways), 'stage')}: {said}"


def planned_throughout(one: TaskReport) -> str:
    """Why nothing but the planner was thought of, where that is the one reason for all stages; else empty."""
    reasons = {stage.reason for stage in one.ways}
    plain = all(stage.way == "planner" and not stage.tried for stage in one.ways)
    return reasons.pop() if plain and len(reasons) == 1 else ""


def measured(tried: WayTried) -> str:
    """How many of its starts it reached the goal from, with the 95% interval."""
    if not tried.starts:
        return "not measured"
    low, high = wilson(tried.reached, tried.starts)
    return f"{tried.reached} of {tried.starts} ({low:.0%} – {high:.0%})"


def in_a_line(one: TaskReport) -> str:
    """As ``stage 0 push box within zone: learned, reached 60 of 64 (85% – 97%)``, those that are not planned."""
    return "; ".join(
        f"stage {stage.number} {stage.stage}: {IN_WORDS[stage.way]}, reached {measured(tried)}"
        for stage in one.ways
        for tried in stage.tried
        if tried.way == stage.way != "planner"
    )


def sparkline(shares: Sequence[float]) -> str:
    """A curve of shares in [0, 1] as a few characters, first to last."""
    known = [share for share in shares if math.isfinite(share)]
    size = max(1, math.ceil(len(known) / SPARKS))
    means = [sum(group) / len(group) for i in range(0, len(known), size) if (group := known[i : i + size])]
    return "".join(BLOCKS[min(int(max(mean, 0.0) * len(BLOCKS)), len(BLOCKS) - 1)] for mean in means)
