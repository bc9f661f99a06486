"""Sensor noise: what a structured-light depth camera and an imperfect calibration add to frames, seeded.

Depth noise is that of Nguyen, Izadi and Lovell (2012, "Modeling Kinect Sensor Noise"): axial, growing with the square
of the distance and at steep surfaces, and lateral, as pixels at edges that read what is on the other side. (Axial noise
was measured on slanted planes; moving pixels there as well would count it twice.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.core.doors import Solution
from pipeline.core.geometry import Frozen
from pipeline.core.seeing import Proprioception, SeeingProblem, SeeingSolver, SeeingWorlds, Sight, View
from pipeline.core.streams import stream
from pipeline.core.world import F32, Actions

Array = NDArray[np.float64]
NEAREST = 0.4  # m, where axial noise is the least
AXIAL, QUADRATIC, STEEP = 0.0012, 0.0019, 0.0001  # m, 1/m and m^1.5 of the axial term
LATERAL, GRAZING = 0.8, 0.035  # pixels
EDGE = 0.02  # m between neighbours
STEEP_FROM, STEEPEST = np.deg2rad(60.0), np.deg2rad(80.0)  # between line of sight and normal


class SensorNoise(Frozen):
    """How bad cameras are."""

    depth: float = Field(default=0.0, ge=0, description="times the structured-light model's axial and lateral noise")
    dropout: float = Field(default=0.0, ge=0, le=1, description="share of depth pixels without a reading")
    offset: float = Field(default=0.0, ge=0, description="m by which the calibration is off, each camera in its way")
    only: tuple[str, ...] = Field(default=(), description="cameras that are off; () = all")


class Noisy:
    """A solver that sees through noisy cameras; it is told nothing of the noise."""

    def __init__(self, solver: SeeingSolver, noise: SensorNoise) -> None:
        self.solver, self.noise = solver, noise
        self.sight: Sight = solver.sight

    def __call__(self, problem: SeeingProblem, worlds: SeeingWorlds) -> Solution:
        """Attempt every world and say how each ended."""
        return self.solver(problem, NoisyWorlds(worlds, self.noise, seed=problem.seed))


class NoisyWorlds:
    """A handle whose frames are disturbed; the same look at the same world always in the same way."""

    def __init__(self, worlds: SeeingWorlds, noise: SensorNoise, *, seed: int) -> None:
        self._worlds, self._noise, self._seed = worlds, noise, seed
        self._looks: Counter[int] = Counter()

    @property
    def batch(self) -> int:
        """Number of worlds."""
        return self._worlds.batch

    @property
    def steps_left(self) -> int:
        """Control steps until the task's horizon."""
        return self._worlds.steps_left

    def look(self, rows: Sequence[int] | None = None) -> Mapping[str, View]:
        """What every camera sees now, disturbed, in the given worlds (default all), by camera name."""
        chosen = tuple(range(self.batch)) if rows is None else tuple(rows)
        seen = {name: self._disturbed(name, view, chosen) for name, view in self._worlds.look(chosen).items()}
        self._looks.update(chosen)
        return seen

    def feel(self) -> Proprioception:
        """The present joints of all worlds."""
        return self._worlds.feel()

    def run(self, actions: Actions) -> F32:
        """Step all worlds by actions (time, batch, dof); measured joints (time, batch, dof)."""
        return self._worlds.run(actions)

    def recorded(self) -> Actions:
        """All actions since the reset, (time, batch, dof)."""
        return self._worlds.recorded()

    def _disturbed(self, name: str, view: View, rows: Sequence[int]) -> View:
        depth, pose = view.depth.copy(), view.pose.copy()
        for i, row in enumerate(rows):
            rng = stream(self._seed, "sensor noise", name, row, self._looks[row])
            depth[i] = noisy_depth(depth[i].astype(float), view.intrinsics, self._noise, rng)
            if self._noise.offset and name in (self._noise.only or (name,)):
                off = stream(self._seed, "calibration", name, row).normal(size=3)
                pose[i, :3] += self._noise.offset * off / np.linalg.norm(off)
        return replace(view, depth=depth, pose=pose)


def noisy_depth(depth: Array, intrinsics: Array, noise: SensorNoise, rng: np.random.Generator) -> F32:
    """A depth image (height, width) m, 0 = nothing hit, as a camera with ``noise`` would give it."""
    if noise.depth:
        angle = np.minimum(incidence(depth, intrinsics), STEEPEST)
        grazing = angle / (np.pi / 2 - angle)
        shift = noise.depth * (LATERAL + GRAZING * grazing) * rng.normal(size=(2, *depth.shape))
        height, width = depth.shape
        v, u = np.indices(depth.shape)
        v = np.clip(np.rint(v + shift[0]).astype(int), 0, height - 1)
        u = np.clip(np.rint(u + shift[1]).astype(int), 0, width - 1)
        depth = np.where(np.abs(depth[v, u] - depth) > EDGE, depth[v, u], depth)
        sigma = AXIAL + QUADRATIC * (depth - NEAREST) ** 2
        sigma += np.where(angle > STEEP_FROM, STEEP / np.sqrt(np.maximum(depth, 0.1)) * grazing**2, 0.0)
        depth = np.where(depth > 0, np.maximum(depth + noise.depth * sigma * rng.normal(size=depth.shape), 1e-3), 0.0)
    if noise.dropout:
        depth = np.where(rng.random(depth.shape) < noise.dropout, 0.0, depth)
    return depth.astype(np.float32)


def incidence(depth: Array, intrinsics: Array) -> Array:
    """Angle (height, width) rad between each pixel's line of sight and the normal of the surface that it hits."""
    v, u = np.indices(depth.shape)
    rays = np.stack(
        [
            (u + 0.5 - intrinsics[0, 2]) / intrinsics[0, 0],
            (v + 0.5 - intrinsics[1, 2]) / intrinsics[1, 1],
            np.ones(depth.shape),
        ],
        axis=-1,
    )
    points = rays * depth[..., None]
    normal = np.cross(np.gradient(points, axis=1), np.gradient(points, axis=0))
    size = np.linalg.norm(normal, axis=-1) * np.linalg.norm(rays, axis=-1)
    cosine = np.abs((normal * rays).sum(axis=-1)) / np.maximum(size, 1e-12)
    return np.where(depth > 0, np.arccos(np.clip(cosine, 0.0, 1.0)), 0.0)
