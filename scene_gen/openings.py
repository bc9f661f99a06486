"""Joints set to a share of their travel: the twins of ``is_open``, ``turned_on``, their opposites and ``pressed``."""

from __future__ import annotations

import numpy as np

from pipeline.core.doors import Unplaceable
from scene_gen.arrangement import Arrangement

JOINTS = {"is_open": True, "is_closed": False, "turned_on": True, "turned_off": False, "pressed": True}
"""Predicates over joints, and whether the joint is then far from its closed or off end."""
OPEN_SHARE = (0.85, 0.98)  # of the travel: clear of what the predicates ask and of the end stop


def set_joint(arrangement: Arrangement, body: str, stream: np.random.Generator, *, opened: bool) -> None:
    """Open the link ``body`` to a random share of its travel that counts as open or on, or close it.

    Raises :class:`Unplaceable` for what a spring would shut again.
    """
    if opened and arrangement.joint(body).stiffness > 0.0:
        raise Unplaceable(f"{body!r} is sprung: it returns as soon as nothing holds it.")
    set_opening(arrangement, body, float(stream.uniform(*OPEN_SHARE)) if opened else 0.0)


def set_opening(arrangement: Arrangement, body: str, share: float) -> None:
    """Move a link to a share of its travel from the closed end."""
    joint = arrangement.joint(body)
    travel = (joint.upper - joint.lower) * share
    position = joint.lower + travel if joint.opens == "upper" else joint.upper - travel
    arrangement.joints.setdefault(body.partition("/")[0], {})[joint.name] = float(position)
