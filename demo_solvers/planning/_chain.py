"""Compiled forward kinematics of one configuration: what the kernels of IK, collision and optimisation share.

Kernels work row by row in plain loops and without re-ordered arithmetic, so that the bits of a row do not depend on the
batch it comes in. They are compiled at the first call and then read from a cache beside the source.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from demo_solvers.planning._kernel import kernel
from pipeline.core.kinematics import SerialChain

Array = NDArray[np.float64]


class Chain(NamedTuple):
    """A serial chain whose link i turns by ``constant[i] + sin(q) sine[i] + cos(q) cosine[i]`` in its parent.

    That is Rodrigues' formula with the joint's origin multiplied in. ``offset`` (n, 3) m are the origins, ``axis``
    (n, 3) the unit axes, ``flange`` and ``tool`` (4, 4) lead from the last link to the tool link and to the tool.
    """

    constant: Array
    sine: Array
    cosine: Array
    offset: Array
    axis: Array
    flange: Array
    tool: Array


def chain_of(chain: SerialChain) -> Chain:
    """The constants of a chain as the kernels want them."""
    turn, axis = chain.origins[:, :3, :3], chain.axes
    cross = np.swapaxes(np.cross(axis[:, None], np.eye(3)), -1, -2)
    square = cross @ cross
    parts = (turn @ (np.eye(3) + square), turn @ cross, -turn @ square, chain.origins[:, :3, 3])
    return Chain(*(np.ascontiguousarray(p) for p in (*parts, axis, chain.flange, chain.to_tool)))


@kernel
def place_links(chain: Chain, q: Array, turn: Array, spot: Array) -> None:
    """Write T_base_link at joints ``q`` (n,): rotations ``turn`` (n, 3, 3) and positions ``spot`` (n, 3)."""
    local = np.empty((3, 3))
    for i in range(len(q)):
        s, c = np.sin(q[i]), np.cos(q[i])
        for a in range(3):
            for b in range(3):
                local[a, b] = chain.constant[i, a, b] + s * chain.sine[i, a, b] + c * chain.cosine[i, a, b]
        if i == 0:
            turn[0], spot[0] = local, chain.offset[0]
            continue
        for a in range(3):
            spot[i, a] = spot[i - 1, a]
            for b in range(3):
                spot[i, a] += turn[i - 1, a, b] * chain.offset[i, b]
                total = 0.0
                for k in range(3):
                    total += turn[i - 1, a, k] * local[k, b]
                turn[i, a, b] = total


@kernel
def follow_link(turn: Array, spot: Array, step: Array, turn_out: Array, spot_out: Array) -> None:
    """Write the frame that lies at ``step`` (4, 4) in the frame (``turn``, ``spot``)."""
    for a in range(3):
        total = spot[a]
        for b in range(3):
            total += turn[a, b] * step[b, 3]
        spot_out[a] = total
        for b in range(3):
            total = 0.0
            for c in range(3):
                total += turn[a, c] * step[c, b]
            turn_out[a, b] = total
