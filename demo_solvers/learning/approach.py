"""Approach: how a learned stage begins: at a sampled contact, in practice by a reset and in earnest by a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demo_solvers.contacts.sampling import PreContacts, pre_contacts
from demo_solvers.contacts.wish import ContactWish
from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Arm, Array
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.transit import plan_transit
from pipeline.core.doors import Practice
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.core.world import Bools, WorldState

CHOICES = 4  # contacts of each wish to which a way is sought in earnest
AWAY = 0.10  # m that a hand rises when it has done its work, and from which it comes down to begin it
DOWN, RISES = 0.2, 6  # m/s, and waypoints of that


@dataclass(frozen=True)
class Approach:
    """Contacts of ``wishes``, drawn in the streams of ``seed``."""

    wishes: tuple[ContactWish, ...]
    seed: int

    def starts(
        self, practice: Practice, scenes: Sequence[SceneSpec], *, each: int = 1, most: int | None = None
    ) -> list[SceneSpec]:
        """``scenes`` with the arm before contacts, at most ``each`` of every wish and ``most`` in all.

        The wishes come by turns; scenes without any contact are left out.
        """
        found = list[SceneSpec]()
        for first in range(0, len(scenes), practice.batch):
            given = list(scenes[first : first + practice.batch])
            padded = given + [given[-1]] * (practice.batch - len(given))
            state = practice.put(list(range(practice.batch)), padded).rows(slice(0, len(given)))
            drawn = self._drawn(state, Arm(given[0].robot), each, "practice", str(first))
            for row, scene in enumerate(given):
                found += [_placed(scene, *option) for option in _options(drawn, row)[:most]]
        return found

    def go(self, ex: Execution, body: str) -> None:
        """Bring the hand of every live row before a contact; rows without a free way to any fail."""
        ex.begin(f"reach {body}")
        drawn = self._drawn(ex.state(), ex.arm, CHOICES, "attempt")
        options = [_options(drawn, row) for row in range(len(ex.q))]
        path, down, width, found = _ways(ex, options)
        lost = np.flatnonzero(ex.alive & ~found)
        why = [f"{len(options[int(row)])} contacts, none with a free way" for row in lost]
        ex.fail(lost, "path_in_collision", expected=f"a way to a contact of {body}", seen=why, bodies=(body,))
        if ex.alive.any():
            ex.move(path, width=width)
            ex.line(down, speed=DOWN, length=AWAY)

    def _drawn(self, state: WorldState, arm: Arm, count: int, *names: str) -> list[PreContacts]:
        return [
            pre_contacts(state, arm, wish, count=count, stream=stream(self.seed, "contacts", str(number), *names))
            for number, wish in enumerate(self.wishes)
        ]


def _ways(ex: Execution, options: Sequence[Sequence[tuple[Array, float]]]) -> tuple[Array, Array, Array, Bools]:
    """Joint waypoints (batch, points, n) and widths (batch,) m to the first option of each row that has a free way.

    The second ones lead from above the option straight down to it, where there is room: a way that passes close by
    what is to be touched bumps into it. Where there is none they stay at the option.
    """
    everyone, model = ex.alive.copy(), CollisionModel(ex.arm, ex.state())
    goal, width, found = ex.q.copy(), ex.width.copy(), np.zeros(len(ex.q), bool)
    best: Array | None = None
    descent = np.repeat(goal[:, None], RISES + 1, axis=1)
    for rank in range(max(map(len, options), default=0)):
        rows = [row for row in np.flatnonzero(everyone & ~found).tolist() if rank < len(options[row])]
        for row in rows:
            goal[row], width[row] = options[row][rank]
        ex.alive = np.isin(np.arange(len(goal)), rows)
        down = _down(ex, goal, model)
        path, ok = plan_transit(ex, down[:, 0], model)
        best = np.repeat(ex.q[:, None], path.shape[1], axis=1) if best is None else best
        best[ok], descent[ok], found = path[ok], down[ok], found | ok
    ex.alive = everyone
    return ex.q[:, None] if best is None else best, descent, width, found


def _down(ex: Execution, goal: Array, model: CollisionModel) -> Array:
    """Joint waypoints (batch, points, n) straight down to ``goal`` (batch, n); all at it where these are not free."""
    at, rows = ex.arm.tool_pose(goal), np.arange(len(goal))
    up = [at + np.array([0, 0, AWAY * share, 0, 0, 0, 0]) for share in np.linspace(0, 1, RISES + 1)[1:]]
    path, ok = ex.arm.follow(np.stack(up, axis=1), goal)
    free = ok & model.free(path, rows)
    return np.concatenate([np.where(free[:, None, None], path, goal[:, None])[:, ::-1], goal[:, None]], axis=1)


def leave(ex: Execution) -> None:
    """Raise the tool of every live row straight up, as far as the arm does."""
    ex.begin("leave")
    present = ex.tool
    up = [present + np.array([0, 0, AWAY * share, 0, 0, 0, 0]) for share in np.linspace(0, 1, 6)[1:]]
    rows = np.arange(len(ex.q))
    path, ok = ex.arm.follow(ex.to_base(np.stack(up, axis=1), rows), ex.q)
    path[~ok] = ex.q[~ok, None]
    ex.line(path, speed=0.2, length=AWAY)


def _placed(scene: SceneSpec, q: Array, width: float) -> SceneSpec:
    start, columns = list(scene.robot_start), Arm(scene.robot).columns
    start[columns], start[columns.stop] = q.tolist(), width
    return scene.model_copy(update={"robot_start": tuple(map(float, start))})


def _options(drawn: Sequence[PreContacts], row: int) -> list[tuple[Array, float]]:
    """Joints and width of a row's contacts, the wishes by turns."""
    of = [contacts.of(row) for contacts in drawn]
    most = max(map(len, of), default=0)
    return [
        (drawn[w].q[of[w][rank]], float(drawn[w].width[of[w][rank]]))
        for rank in range(most)
        for w in range(len(drawn))
        if rank < len(of[w])
    ]
