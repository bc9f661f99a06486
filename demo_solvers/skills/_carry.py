"""What move, pour and wipe share: the first of several tool poses that works, and a free way there."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel, Held
from demo_solvers.planning.cover import held_cover
from demo_solvers.planning.transit import plan_transit
from pipeline.core import poses
from pipeline.core.world import Bools
from pipeline.predicates._gripper import pinched

SLIPPED = 0.04  # m that the body may have moved in the hand
DOWN = (0.0, 1.0, 0.0, 0.0)  # tool pointing down, x ahead
Further = Callable[[NDArray[np.intp], NDArray[np.intp], Array], Bools]
"""What else is asked of rows (k,) with option (k,) and joints (k, n) at it: whether it would do, (k,)."""


def go(
    ex: Execution,
    options: Array,
    *,
    carried: str | None,
    effort: float,
    wanted: str,
    further: Further | None = None,
    ignore: Collection[str] = (),
) -> NDArray[np.intp]:
    """Bring the tool to the first of its poses ``options`` (batch, k, 7) that works; which one that is, (batch,)."""
    model = CollisionModel(ex.arm, ex.state(), width=None)
    held = held_of(ex, carried)
    own = (*ignore, *([carried] if carried else []))
    q, chosen, found = ex.q.copy(), np.zeros(len(ex.alive), np.intp), np.zeros(len(ex.alive), bool)
    for option in range(options.shape[1]):
        rows = np.flatnonzero(ex.alive & ~found)
        if not len(rows):
            break
        for seed in (ex.q[rows], ex.arm.turned_home(ex.to_base(options[rows, option], rows))):
            at = ex.arm.ik(ex.to_base(options[rows, option], rows), seed, posture=ex.arm.home)
            ok = at.ok & ~found[rows]
            ok &= model.free(at.q[:, None], rows, ignore=own, held=None if held is None else held.of(rows))
            if further is not None:
                ok &= further(rows, np.full(len(rows), option), at.q)
            q[rows[ok]], chosen[rows[ok]], found[rows[ok]] = at.q[ok], option, True
    ex.fail(np.flatnonzero(ex.alive & ~found), "ik_failed", expected=wanted, seen="none among the candidates")
    path, ok = plan_transit(ex, q, model, ignore=own, held=held)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "path_in_collision", expected="a free path there", seen="none found")
    ex.move(path, effort=effort)
    return chosen


def held_of(ex: Execution, carried: str | None) -> Held | None:
    """What the hand at work carries, as spheres."""
    return None if carried is None else held_cover(ex.state().layout.geometry[carried], ex.T_tool_held)


def is_carried(ex: Execution, body: str) -> bool:
    """Whether ``body`` is in the first arm's hand in every live row."""
    return bool(len(ex.rows)) and bool(pinched(ex.state(), body)[ex.rows].all())


def check_held(ex: Execution, body: str) -> None:
    """Fail the rows whose hand has lost ``body`` since it was last noted; note it again in the others.

    A body that swings about the fingers is held all the same.
    """
    grip = poses.compose(ex.state().body(body).astype(float), poses.inverse(ex.T_tool_held))
    slip = np.linalg.norm(grip[:, :3] - ex.tool[:, :3], axis=1)
    lost = np.flatnonzero(ex.alive & (slip > SLIPPED))
    ex.fail(
        lost, "grasp_slipped", expected=f"{body} still in the gripper", seen="it slipped", amount=slip[lost],
        bodies=(body,),
    )  # fmt: skip
    ex.note_held(body)


def turned(quat: Array, turns: int) -> Array:
    """Attitudes (batch, turns, 4): as they are, then turned about the vertical by ever more to either side."""
    steps = np.arange(turns)
    angles = np.where(steps % 2, 1, -1) * ((steps + 1) // 2) * 2 * np.pi / turns
    return poses.quat_multiply(poses.quat_from_yaw(angles), quat[:, None])
