"""Trying: the first of several offered ways to do an action that is new and that the arm can go."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, TypeVar

from demo_solvers.path3d.clouds import Array
from demo_solvers.path3d.hand import Stopped, Surroundings
from demo_solvers.path3d.plan import Action, Path3D

if TYPE_CHECKING:
    from demo_solvers.path3d.worker import Worker

T = TypeVar("T")


def first_way(
    worker: Worker,
    action: Action,
    offers: Iterable[tuple[T, Array, Path3D]],
    around: Surroundings,
    *,
    ignore: Collection[str],
    otherwise: Stopped,
) -> tuple[T, Path3D]:
    """What is offered first that can be done: it is noted as tried, and never taken again.

    Offers are ordered, best first: what they are of, the tool pose (7,) that tells them apart, and the path. What
    confirmed attempts have done comes before the others, where the worker has a memory. Raises what stopped the first
    of them that was new, or ``otherwise`` if none was.
    """
    first: Stopped | None = None
    for offered, pose, path in worker.by_experience(action, offers):
        if not worker.is_new(action, pose):
            continue
        try:
            worker.hand.rehearse(path, around, ignore=ignore)
            worker.hand.way_to(path.waypoints[0], worker.hand.q[0], around)
        except Stopped as error:
            first = first or error
            continue
        worker.note_try(action, pose)
        return offered, path
    raise first or otherwise
