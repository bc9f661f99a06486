"""Press: push a button along its axis to its stop with closed fingers, and let it come back if it does."""

from __future__ import annotations

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.grasping.motion import LinkMotion
from demo_solvers.skill import Number, Settings, Signature, declares
from demo_solvers.skills._joint import Drive, contact_once
from pipeline.core.program import Stage

DEPTH, ENOUGH = 1.0, 0.2  # of the button's travel, and how much of the depth may lack
BEYOND = 0.002  # m that the fingers are sent beyond the depth: the arm gives way to the spring
SPEED = 0.06  # m/s at the peak
HOLD = 0.3  # s at the bottom


@declares(
    Signature(
        kind="contact",
        summary="press a button to its stop with closed fingers; one with a spring comes back",
        parameters={
            "depth": Number(DEPTH, 0.3, 1.0, "of the travel", "how far it is pressed"),
            "hold": Number(HOLD, 0.0, 3.0, "s", "how long it is kept down"),
            "speed": Number(SPEED, 0.01, 0.2, "m/s", "peak speed of the fingers"),
        },
    )
)
def press(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Press the button ``stage.body``; what counts is its deepest position, whether it stays there or not."""
    settings = Settings(stage)
    motion = LinkMotion.of(ex.state(), stage.body)
    depth, before = settings.number("depth"), _steps(ex)
    drive = Drive(
        goal=depth + BEYOND / motion.travel,
        enough=ENOUGH,
        up=True,
        grip="push",
        first="push",
        speed=settings.number("speed"),
        squeeze=0.0,
        contacts=1,
        hold=settings.number("hold"),
    )
    contact_once(ex, stage, drive)
    _check(ex, stage, motion, depth, before)


def _steps(ex: Execution) -> int:
    trace = ex.worlds.trace()
    return 0 if trace is None else trace.time


def _check(ex: Execution, stage: Stage, motion: LinkMotion, depth: float, before: int) -> None:
    trace = ex.worlds.trace()
    if trace is None or not ex.alive.any():
        return
    joint = trace.flat.joint_position(motion.name).reshape(trace.time, trace.batch)[before:].astype(float)
    deepest = motion.share(joint).max(axis=0) if len(joint) else np.zeros(trace.batch)
    short = np.flatnonzero(ex.alive & (deepest < depth - ENOUGH))
    seen = [f"{d:.0%} at its deepest" for d in deepest[short]]
    expected = f"{motion.name} pressed to {depth:.0%} of its travel"
    lacking = (depth - deepest[short]) * motion.travel
    ex.fail(short, "joint_short", expected=expected, seen=seen, amount=lacking, bodies=(stage.body,))
    if stage.post is not None:
        ex.require(stage.post, "joint_short")
