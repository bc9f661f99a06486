"""Turn: bring a tap, dial or lever to on or off, taking hold again where the wrist runs out of travel."""

from __future__ import annotations

from typing import cast

from demo_solvers.execution import Execution
from demo_solvers.skill import Choice, Number, Settings, Signature, declares
from demo_solvers.skills._joint import Drive, Grip, bring
from pipeline.core.program import Stage

ON, ON_TOLERANCE = 0.75, 0.2  # of the joint's travel: well beyond the half from which it counts as on
OFF, OFF_TOLERANCE = -0.01, 0.05  # beyond the stop, since a grip slips a little; off is within 5 %
SPEED = 0.15  # m/s at the peak
SQUEEZE = 0.03  # m by which the commanded opening stays below the knob's width
CONTACTS = 6


@declares(
    Signature(
        kind="contact",
        summary="turn a tap, dial or lever on or off; its postcondition says which, unless `to` does",
        parameters={
            "to": Choice(("auto", "on", "off"), "which way; auto follows the stage's postcondition, else on"),
            "share": Number(ON, 0.3, 1.0, "of the travel", "where `on` is"),
            "grip": Choice(("auto", "handle", "push"), "take it, or push it with closed fingers"),
            "speed": Number(SPEED, 0.03, 0.4, "m/s", "peak speed of the hand while the joint moves"),
            "squeeze": Number(SQUEEZE, 0.005, 0.06, "m", "how far the commanded opening stays below the width"),
        },
        brings="(turned_on {body})",
    )
)
def turn(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Turn the joint that carries ``stage.body``."""
    settings = Settings(stage)
    word = settings.word("to")
    off = word == "off" or (word == "auto" and "turned_off" in (stage.post or ""))
    drive = Drive(
        goal=OFF if off else settings.number("share"),
        enough=OFF_TOLERANCE if off else ON_TOLERANCE,
        up=not off,
        grip=cast(Grip, settings.word("grip")),
        first="handle",
        speed=settings.number("speed"),
        squeeze=settings.number("squeeze"),
        contacts=CONTACTS,
    )
    bring(ex, stage, drive)
