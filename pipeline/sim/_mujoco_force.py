"""Contact forces of the robot out of MjData: raw copies while stepping, summed once a run."""

# pyright: reportAttributeAccessIssue=false
# MuJoCo is a compiled module without stubs: pyright sees none of its names.

from __future__ import annotations

import mujoco as mj
import numpy as np

from pipeline.core.world import F32, PARTS
from pipeline.sim._mujoco_model import CompiledScene


class ForceLog:
    """Normal contact forces of one world over the physics steps of a run.

    Contacts have elliptic cones, of which the first constraint row is the normal one, so ``efc_force`` at
    ``efc_address`` is the normal force [N].
    """

    def __init__(self, compiled: CompiledScene) -> None:
        self._compiled = compiled
        self._geom = list[np.ndarray]()
        self._address = list[np.ndarray]()
        self._force = list[np.ndarray]()

    def note(self, data: mj.MjData) -> None:
        """Copy what the solver has just found; to be called after ``mj_step2``, before ``mj_step1`` moves on."""
        contacts = data.contact
        self._geom.append(contacts.geom.copy())
        self._address.append(contacts.efc_address.copy())
        self._force.append(data.efc_force.copy())

    def peaks(self, time: int) -> F32:
        """The largest force over the physics steps of each of ``time`` control steps, (time, parts, bodies) N."""
        parts, bodies = len(PARTS), len(self._compiled.bodies)
        steps = len(self._geom)
        counts, rows = list(map(len, self._geom)), list(map(len, self._force))
        geom, address = np.concatenate(self._geom), np.concatenate(self._address)
        step, begin = np.repeat(np.arange(steps), counts), np.repeat(np.cumsum([0, *rows[:-1]]), counts)
        # A contact that the solver left out has the address -1; it reads the zero at the end.
        force = np.concatenate([*self._force, [0.0]])[np.where(address < 0, -1, begin + address)]
        total = np.zeros(steps * parts * bodies)
        for mine, theirs in ((0, 1), (1, 0)):
            part, column = self._compiled.geom_part[geom[:, mine]], self._compiled.geom_column[geom[:, theirs]]
            robot = part >= 0
            index = (step[robot] * parts + part[robot]) * bodies + column[robot]
            total += np.bincount(index, weights=force[robot], minlength=len(total))
        return total.reshape(time, -1, parts, bodies).max(axis=1).astype(np.float32)
