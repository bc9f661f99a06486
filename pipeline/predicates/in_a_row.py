"""``(in_a_row a b c)``: three bodies stand in a straight, evenly spaced row."""

from __future__ import annotations

import numpy as np

from pipeline.core.world import Bools, WorldState
from pipeline.predicates._kinds import Body
from pipeline.predicates._shapes import centre

ASIDE = 0.02  # m that the middle one may stand off the line
UNEVEN = 0.25  # share of the mean spacing by which the two spacings may differ


def in_a_row(world: WorldState, a: Body, b: Body, c: Body) -> Bools:
    """``b`` stands midway between ``a`` and ``c``, on the line between them, (batch,).

    World frame, centres of the bounds seen from above. ``b`` is at most 2 cm off the line, lies between the two, and
    its distances to both differ by at most a quarter of their mean. Longer rows are chains: ``(and (in_a_row a b c)
    (in_a_row b c d))``.
    """
    first, middle, last = (centre(world, body)[:, :2] for body in (a, b, c))
    length = np.maximum(np.linalg.norm(last - first, axis=-1), 1e-9)
    along = (last - first) / length[:, None]
    offset = middle - first
    reached = (offset * along).sum(axis=-1)
    aside = np.abs(offset[:, 0] * along[:, 1] - offset[:, 1] * along[:, 0])
    uneven = np.abs(2 * reached - length) / (length / 2)
    return (aside <= ASIDE) & (uneven <= UNEVEN) & (length > 2 * ASIDE)
