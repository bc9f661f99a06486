"""Pour: bring the held vessel over a container, tip it about its lip, hold it there, and set it upright again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.pouring import path_of, tilts
from demo_solvers.planning.timing import PEAK_VELOCITY
from demo_solvers.skill import Number, Settings, Signature, declares
from demo_solvers.skills._carry import check_held, go, held_of
from pipeline.core import poses
from pipeline.core.program import Stage
from pipeline.core.world import Bools
from pipeline.predicates._shapes import up
from pipeline.predicates.pouring import pouring

TILT, HEIGHT, HOLD = 100.0, 0.03, 1.0  # degrees, m, s
RATE = 1.0  # rad/s of the tilt at its peak
EFFORT = 0.4  # of the robot's limits, gentler with something that could spill
LOOK = 0.1  # s between two looks at the vessel while it is held tipped


@declares(
    Signature(
        kind="free",
        summary="tip the held vessel over a container, hold it so and set it upright again",
        parameters={
            "tilt": Number(TILT, 85.0, 140.0, "degrees", "how far the vessel is tipped"),
            "height": Number(HEIGHT, 0.005, 0.2, "m", "of the vessel's lip above the container's rim"),
            "hold": Number(HOLD, 0.2, 5.0, "s", "how long it is held tipped"),
            "rate": Number(RATE, 0.2, 2.5, "rad/s", "peak speed of the tilt"),
            "effort": Number(EFFORT, 0.1, 0.9, "of the robot's limits", "how fast the vessel is carried there"),
        },
        needs=("(holding {body})",),
        brings="(and (holding {body}) (upright {body}))",
        relations=("pouring",),
    )
)
def pour(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Tip ``stage.body`` over the container of its relation; rows whose mouth was not over it all the time fail."""
    settings, everyone = Settings(stage), np.arange(len(ex.alive))
    ex.begin(f"carry {stage.body}")
    check_held(ex, stage.body)
    options = tilts(ex.state(), stage, everyone, poses.inverse(ex.T_tool_held))
    model, held = CollisionModel(ex.arm, ex.state()), held_of(ex, stage.body)
    assert held is not None

    def whole(rows: NDArray[np.intp], option: NDArray[np.intp], q: Array) -> Bools:
        able = path_of(ex, options.tool[rows, option], rows, q, model, held.of(rows), stage)
        return able & options.ok[rows, option]

    chosen = go(
        ex, options.tool[:, :, 0], carried=stage.body, effort=settings.number("effort"),
        wanted=f"a reachable, free tilt: {stage}", further=whole,
    )  # fmt: skip
    check_held(ex, stage.body)
    _tip(ex, stage, options.tool[everyone, chosen], settings)


def _tip(ex: Execution, stage: Stage, tool: Array, settings: Settings) -> None:
    """Along tool poses (batch, points, 7), wait there while looking, and back along them."""
    ex.begin(f"{stage}: tilt")
    seconds = PEAK_VELOCITY * np.deg2rad(settings.number("tilt")) / settings.number("rate")
    start = ex.q.copy()
    path, ok = ex.arm.follow(ex.to_base(tool[:, 1:], np.arange(len(tool))), start)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected="a tilt about the lip", seen="the arm cannot")
    ex.move(path, slowest=seconds)
    ex.begin(f"{stage}: hold")
    for _ in range(max(1, round(settings.number("hold") / LOOK))):
        ex.wait(LOOK)
        _look(ex, stage)
    ex.begin(f"{stage}: set upright")
    ex.move(np.concatenate([path[:, -2::-1], start[:, None]], axis=1), slowest=seconds)
    ex.wait(LOOK)
    check_held(ex, stage.body)


def _look(ex: Execution, stage: Stage) -> None:
    """Fail the rows whose vessel does not pour into the container now, and say how far it is tipped."""
    state, anchor = ex.state(), stage.relations[0].anchor
    missed = np.flatnonzero(ex.alive & ~pouring(state, stage.body, anchor))
    lean = np.rad2deg(np.arccos(np.clip(up(state.body(stage.body).astype(float)), -1.0, 1.0)))[missed]
    expected, seen = f"{stage.body} tipped over {anchor}", [f"tipped by {degrees:.0f} degrees" for degrees in lean]
    ex.fail(missed, "pour_missed", expected=expected, seen=seen, amount=lean, bodies=(stage.body, anchor))
