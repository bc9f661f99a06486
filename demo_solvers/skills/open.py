"""Open: bring a drawer, door or lid towards its open end by its handle or by pushing, let go, step back."""

from __future__ import annotations

from typing import cast

from demo_solvers.execution import Execution
from demo_solvers.planning.access import LID
from demo_solvers.skill import Choice, Number, Settings, Signature, declares
from demo_solvers.skills._joint import Drive, Grip, bring
from pipeline.core.program import Stage

TARGET, TOLERANCE = 0.9, 0.1  # of the joint's travel
DROPPED, NEARLY = 0.93, 0.05  # the same for a door that drops down: the hand has to pass over it
SPEED = 0.3  # m/s at the peak
SQUEEZE = 0.02  # m by which the commanded opening stays below the handle's width
CONTACTS = 3
LEVEL = 0.5  # upward share of a hinge below which it lies


@declares(
    Signature(
        kind="contact",
        summary="open the drawer, door or lid that a joint carries",
        parameters={
            "share": Number(TARGET, 0.3, 1.0, "of the travel", "where the joint is brought to"),
            "grip": Choice(
                ("auto", "handle", "push", "drag"), "take the handle, push with closed fingers, draw by the edge"
            ),
            "speed": Number(SPEED, 0.03, 0.4, "m/s", "peak speed of the hand while the joint moves"),
            "squeeze": Number(SQUEEZE, 0.005, 0.05, "m", "how far the commanded opening stays below the width"),
        },
        brings="(is_open {body})",
    )
)
def open(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Open the joint that carries ``stage.body``."""
    settings = Settings(stage)
    grip = cast(Grip, settings.word("grip"))
    drops = "share" not in stage.parameters and _drops(ex, stage.body)
    bring(
        ex,
        stage,
        Drive(
            goal=DROPPED if drops else settings.number("share"),
            enough=NEARLY if drops else TOLERANCE,
            up=True,
            grip=grip,
            first="handle",
            speed=settings.number("speed"),
            squeeze=settings.number("squeeze"),
            contacts=CONTACTS,
        ),
    )


def _drops(ex: Execution, link: str) -> bool:
    """Whether a link is a door that lies before its opening when it is open."""
    axes = ex.state().layout.geometry[link].axes
    return "pull" in axes and axes["pull"][2] < LID and abs(axes.get("hinge", (0.0, 0.0, 1.0))[2]) < LEVEL
