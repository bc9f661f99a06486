"""Contact forces of the robot out of MjData: raw copies while stepping, summed once a run."""

# pyright: reportAttributeAccessIssue=false
# MuJoCo is a compiled module without stubs: pyright sees none of its names.

from __future__ import annotations

import mujoco as mj
import numpy as np

from pipeline.core.world import F32, PARTS
from pipeline.sim._mujoco_model import CompiledScene


class ForceLog:
    """Contact forces of one world over the physics steps of a run.

    Contacts have elliptic cones, whose first constraint rows are the normal force and, unless they are frictionless,
    the two of friction [N], along the rows of the contact's frame, which points from the first geom to the second.
    """

    def __init__(self, compiled: CompiledScene) -> None:
        self._compiled = compiled
        self._geom = list[np.ndarray]()
        self._frame = list[np.ndarray]()
        self._friction = list[np.ndarray]()
        self._address = list[np.ndarray]()
        self._force = list[np.ndarray]()

    def note(self, data: mj.MjData) -> None:
        """Copy what the solver has just found; to be called after ``mj_step2``, before ``mj_step1`` moves on."""
        contacts = data.contact
        self._geom.append(contacts.geom.copy())
        self._frame.append(contacts.frame.reshape(-1, 3, 3).copy())
        self._friction.append(contacts.dim > 1)
        self._address.append(contacts.efc_address.copy())
        self._force.append(data.efc_force.copy())

    def peaks(self, time: int) -> F32:
        """The largest net force over the physics steps of each of ``time`` control steps, (time, parts, bodies) N."""
        parts, bodies = len(PARTS), len(self._compiled.bodies)
        steps = len(self._geom)
        geom, step = np.concatenate(self._geom), np.repeat(np.arange(steps), list(map(len, self._geom)))
        force, total = self._vectors(), np.zeros((3, steps * parts * bodies))
        for mine, theirs, sign in ((0, 1, -1.0), (1, 0, 1.0)):
            part, column = self._compiled.geom_part[geom[:, mine]], self._compiled.geom_column[geom[:, theirs]]
            robot = part >= 0
            index = (step[robot] * parts + part[robot]) * bodies + column[robot]
            for axis in range(3):
                total[axis] += np.bincount(index, weights=sign * force[robot, axis], minlength=total.shape[1])
        net = np.linalg.norm(total, axis=0)
        return net.reshape(time, -1, parts, bodies).max(axis=1).astype(np.float32)

    def _vectors(self) -> np.ndarray:
        """The force (contacts, 3) N on the second geom of every contact, in the world."""
        rows, counts = list(map(len, self._force)), list(map(len, self._geom))
        address = np.concatenate(self._address)
        begin = np.repeat(np.cumsum([0, *rows[:-1]]), counts) + address
        # A contact that the solver left out has the address -1; it reads the zeros at the end.
        force = np.concatenate([*self._force, np.zeros(3)])
        begin = np.where(address < 0, len(force) - 3, begin)
        local = np.stack([force[np.minimum(begin + k, len(force) - 1)] for k in range(3)], axis=-1)
        local[:, 1:] *= np.concatenate(self._friction)[:, None]
        return np.einsum("ck,ckx->cx", local, np.concatenate(self._frame))
