"""Hand over: one arm holds an object out, the other takes it by a free part, the first lets go and steps back."""

from __future__ import annotations

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.grasping.meeting import RETREAT, STANDOFF, Meeting, choose_meeting, taking_grasp
from demo_solvers.grasping.select import OPENING, withdrawal
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.cover import held_cover
from demo_solvers.planning.transit import plan_transit
from demo_solvers.skill import Number, Settings, Signature, declares
from demo_solvers.skills.pick import take
from pipeline.core import poses
from pipeline.core.episode import Cause
from pipeline.core.program import Stage

GAP = 0.05  # m between the tool points of the two hands, at least
CARRY_EFFORT, TAKE_SPEED = 0.4, 0.15  # of the robot's limits, m/s at the peak
RETREAT_SPEED = 0.2  # m/s
SLIPPED = 0.03  # m that the body may move in the hand that takes it


@declares(
    Signature(
        # No grasp that brings about (holding {body}): the predicate speaks of the first arm's hand.
        kind="contact",
        summary="pass the held body from the arm at work to the robot's other arm",
        parameters={
            "gap": Number(GAP, 0.02, 0.2, "m", "least distance between the tool points of the two hands"),
            "effort": Number(CARRY_EFFORT, 0.1, 0.9, "of the robot's limits", "how fast it is held out"),
            "speed": Number(TAKE_SPEED, 0.03, 0.4, "m/s", "peak speed of the hand that takes it"),
        },
        needs=("(holding {body})",),
    )
)
def hand_over(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Pass ``stage.body`` from ``stage.arm`` to the other arm; afterwards that arm is at work and holds it."""
    settings = Settings(stage)
    giver, others = ex.arm.group.name, [name for name in ex.arms if name != ex.arm.group.name]
    ex.begin(f"{stage}: hold out")
    if not others:
        ex.fail(ex.rows, "no_plan", expected="a robot with a second arm", seen=f"{ex.robot.name} has one")
        return
    ex.note_held(stage.body)
    meeting = choose_meeting(ex, stage.body, others[0], gap=settings.number("gap"))
    _hold_out(ex, stage, meeting, effort=settings.number("effort"))
    ex.use(others[0])
    ex.begin(f"{stage}: take")
    take(ex, stage.body, taking_grasp(ex, stage.body, meeting), speed=settings.number("speed"), standoff=STANDOFF)
    ex.note_held(stage.body)
    _let_go(ex, stage, giver)
    ex.use(others[0])
    _check(ex, stage)


def _hold_out(ex: Execution, stage: Stage, meeting: Meeting, *, effort: float) -> None:
    lost = np.flatnonzero(ex.alive & ~meeting.found)
    expected = "a pose in which both arms reach free parts of it"
    ex.fail(lost, "ik_failed", expected=expected, seen="none among the candidates", bodies=(stage.body,))
    held = held_cover(ex.state().layout.geometry[stage.body], ex.T_tool_held)
    model = CollisionModel(ex.arm, ex.state())
    path, ok = plan_transit(ex, meeting.q_give, model, ignore=(stage.body,), held=held)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "path_in_collision", expected="a free path to the other arm", seen="none")
    ex.move(path, effort=effort)
    ex.wait(0.3)
    _slip(ex, stage, "grasp_slipped", "still in the hand that holds it out")


def _let_go(ex: Execution, stage: Stage, giver: str) -> None:
    ex.use(giver)
    ex.begin(f"{stage}: let go")
    ex.grip(np.minimum(ex.measured_width + OPENING, ex.arm.group.gripper.max_width), 0.5)
    ex.begin(f"{stage}: retreat")
    present = poses.compose(ex.state().body("robot").astype(float), ex.arm.tool_pose(ex.q))
    path, ok = ex.arm.follow(ex.to_base(withdrawal(present, RETREAT), np.arange(len(ex.q))), ex.q)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected="a straight retreat", seen="the arm cannot")
    ex.line(path, speed=RETREAT_SPEED, length=RETREAT)
    ex.wait(0.2)


def _check(ex: Execution, stage: Stage) -> None:
    _slip(ex, stage, "hand_over_missed", "in the hand that took it")
    ex.note_held(stage.body)


def _slip(ex: Execution, stage: Stage, cause: Cause, where: str) -> None:
    """Fail the rows in which the hand at work no longer is where it was noted to hold the body.

    A body that swings about the fingers is held all the same.
    """
    grip = poses.compose(ex.state().body(stage.body).astype(float), poses.inverse(ex.T_tool_held))
    slip = np.linalg.norm(grip[:, :3] - ex.tool[:, :3], axis=1)
    lost = np.flatnonzero(ex.alive & (slip > SLIPPED))
    seen = [f"it slipped by {s:.3f} m" for s in slip[lost]]
    ex.fail(lost, cause, expected=f"{stage.body} {where}", seen=seen, amount=slip[lost], bodies=(stage.body,))
