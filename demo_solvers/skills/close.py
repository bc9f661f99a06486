"""Close: push a drawer, door or lid to its closed end, or bring it there by its handle; let go, step back."""

from __future__ import annotations

from typing import cast

from demo_solvers.execution import Execution
from demo_solvers.skill import Choice, Number, Settings, Signature, declares
from demo_solvers.skills._joint import Drive, Grip, bring
from pipeline.core.program import Stage

TARGET, TOLERANCE = 0.0, 0.03  # of the joint's travel; fingertips are sent 2 mm into the face, which shuts it gently
SPEED = 0.3  # m/s at the peak
SQUEEZE = 0.02  # m by which the commanded opening stays below the handle's width
CONTACTS = 3


@declares(
    Signature(
        kind="contact",
        summary="close the drawer, door or lid that a joint carries",
        parameters={
            "share": Number(TARGET, -0.05, 0.3, "of the travel", "where the joint is brought to"),
            "grip": Choice(("auto", "handle", "push"), "take the handle, or push with closed fingers"),
            "speed": Number(SPEED, 0.03, 0.4, "m/s", "peak speed of the hand while the joint moves"),
            "squeeze": Number(SQUEEZE, 0.005, 0.05, "m", "how far the commanded opening stays below the width"),
        },
        brings="(is_closed {body})",
    )
)
def close(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Close the joint that carries ``stage.body``."""
    settings = Settings(stage)
    grip = cast(Grip, settings.word("grip"))
    bring(
        ex,
        stage,
        Drive(
            goal=settings.number("share"),
            enough=TOLERANCE,
            up=False,
            grip=grip,
            first="push",
            speed=settings.number("speed"),
            squeeze=settings.number("squeeze"),
            contacts=CONTACTS,
        ),
    )
