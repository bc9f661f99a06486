"""What a policy sees of living worlds: the arrays that a dataset stores of them, under the same names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import UnknownNameError
from pipeline.core.robot import RobotSpec
from pipeline.core.world import WorldState
from pipeline.dataset.append import widen
from pipeline.dataset.frames import state_arrays
from pipeline.dataset.layout import RAGGED
from pipeline.dataset.windows import WindowSpec


def observe(
    states: WorldState, robot: RobotSpec, spec: WindowSpec, *, slots: Mapping[str, int]
) -> dict[str, NDArray[Any]]:
    """The observations (batch, ...) that ``spec`` names, as its windows hold them; ``slots`` are those of the windows.

    Raises :class:`UnknownNameError` for an array that is not of the state, such as an image.
    """
    known = state_arrays(states, robot)
    for name in spec.observations:
        if name not in known:
            raise UnknownNameError("array of the state", name, known)
    return {name: _fitted(name, known[name], spec, slots) for name in spec.observations}


def _fitted(name: str, array: NDArray[Any], spec: WindowSpec, slots: Mapping[str, int]) -> NDArray[Any]:
    if name not in RAGGED:
        return array
    count = slots[name]
    wide = widen(array[:, :count], (count, *array.shape[2:]))
    return wide if spec.fill is None else np.where(np.isnan(wide), np.asarray(spec.fill, wide.dtype), wide)
