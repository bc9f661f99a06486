"""A report whose stages were done in every way, with curves as trainings leave them; all values are made up."""

from __future__ import annotations

import math

from flows.report import TaskReport
from pipeline.core.learning import Curve, StageWay, WayTried

REWARD = """let done_0 = (within box zone)
reach_0: 1 * change(max(1 - tanh(distance(tool, box) / 10 cm), bonus(done_0)))
bring_0: 6 * change(max(1 - 0.5 * tanh(distance(box, zone) / 12.5 cm), bonus(done_0)))
goal: 5 * bonus(done(done_0))
smooth: -0.005 * action_change()"""
TERMS = ("reach_0", "bring_0", "goal", "time", "smooth")


def curve(name: str, *, updates: int, ends_at: float, reward: str = "", author: str = "") -> Curve:
    """Success that rises along a sigmoid, with ripples."""
    at = [i / max(updates - 1, 1) for i in range(updates)]
    success = [max(0.0, ends_at / (1 + math.exp(-10 * (x - 0.5))) - 0.03 * abs(math.sin(40 * x))) for x in at]
    terms = TERMS if reward else ("reached",)
    return Curve(
        name=name,
        reward=reward,
        author=author,
        steps=tuple(1536 * (i + 1) for i in range(updates)),
        success=tuple(success),
        value=tuple(0.2 * s - 0.02 for s in success),
        terms={t: tuple((-1) ** k * s / (k + 1) for s in success) for k, t in enumerate(terms)},
    )


def candidates() -> tuple[Curve, ...]:
    """Two rounds of four, then the full run."""
    short = [
        curve(
            f"candidate {k} of round {r}", updates=20, ends_at=0.2 * k - 0.1, reward=REWARD, author="claude-sonnet-5-5"
        )
        for r in (1, 2)
        for k in (1, 2, 3, 4)
    ]
    return (*short, curve("dense", updates=200, ends_at=0.93, reward=REWARD, author="claude-sonnet-5-5"))


PLANNED = StageWay(
    number=0,
    stage="pick peg",
    way="planner",
    reason="The planner reached the goal from 64 of 64 starts, at least the target of 90%.",
    tried=(WayTried(way="planner", reached=64, starts=64),),
)
KNOWN = StageWay(
    number=1,
    stage="push tray near shelf",
    way="skill",
    reason="A skill that was learned for the same assets reaches it from 59 of 64 starts.",
    tried=(WayTried(way="planner", reached=12, starts=64), WayTried(way="skill", reached=59, starts=64)),
)
LEARNED = StageWay(
    number=2,
    stage="push box within zone",
    way="dense",
    reason="Cheaper ways ended below the target of 90%: planner 9 of 64, policy 31 of 64.",
    tried=(
        WayTried(way="planner", reached=9, starts=64),
        WayTried(
            way="policy", reached=31, starts=64, steps=307_200, curves=(curve("policy", updates=200, ends_at=0.5),)
        ),
        WayTried(way="dense", reached=60, starts=64, steps=553_000, curves=candidates()),
    ),
)
WAYS = (PLANNED, KNOWN, LEARNED)


def learned(report: TaskReport) -> TaskReport:
    """The same report of a task, with ways."""
    return report.model_copy(update={"ways": WAYS})
