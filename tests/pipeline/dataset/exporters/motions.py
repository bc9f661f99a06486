"""Episodes with smooth, known motions and pictures: one motion commanded in three action spaces that agree exactly."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np

from pipeline.core import poses
from pipeline.core.episode import Episode

HZ = 20.0


def motion(steps: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Joint targets (steps, 4), tool poses with width (steps, 8) and deltas with width (steps, 7)."""
    rng = np.random.default_rng(seed)
    time = np.arange(steps + 1) / HZ
    waves = rng.uniform(0.5, 2.0, 3)
    joints = np.stack([np.sin(w * time + seed) for w in waves] + [0.04 + 0.04 * np.cos(3 * time)], axis=1)
    path = np.cumsum(rng.normal(0, 0.004, (steps + 1, 3)), axis=0)
    quats = np.empty((steps + 1, 4))
    quats[0] = poses.quat_from_rotvec(rng.normal(size=3))
    for k in range(steps):
        quats[k + 1] = poses.quat_multiply(poses.quat_from_rotvec(rng.normal(0, 0.05, 3)), quats[k])
    turns = poses.quat_to_rotvec(poses.quat_multiply(quats[1:], poses.quat_conjugate(quats[:-1])))
    width = joints[1:, 3:]
    target = np.concatenate([path[1:], quats[1:], width], axis=1)
    delta = np.concatenate([np.diff(path, axis=0), turns, width], axis=1)
    return joints[1:], target, delta


def film(steps: int, height: int, width: int, seed: int) -> np.ndarray:
    """A bright disc that wanders over a shaded ground, (steps, height, width, 3)."""
    y, x = np.mgrid[:height, :width]
    ground = np.stack([60 + 80 * x / width, 90 + 60 * y / height, np.full(x.shape, 70.0 + 10 * (seed % 5))], axis=-1)
    out = np.empty((steps, height, width, 3), np.uint8)
    for k in range(steps):
        angle = seed + k / 6
        row, column = height * (0.5 + 0.3 * np.sin(angle)), width * (0.5 + 0.3 * np.cos(0.7 * angle))
        disc = np.clip(height / 8 + 1 - np.hypot(y - row, x - column), 0, 1)[..., None]
        out[k] = ground * (1 - disc) + np.array([220, 60 + 30 * (seed % 4), 40]) * disc
    return out


def episode(
    builder: ModuleType,
    seed: int,
    *,
    steps: int,
    size: tuple[int, int] = (48, 64),
    objects: tuple[str, ...] = ("cup", "plate"),
    depth: bool = False,
    task_name: str = "cup_on_plate",
) -> Episode:
    """One demonstration at 20 Hz with two cameras of ``size`` (height, width), joints that follow the targets."""
    made = builder.episode(seed, steps=steps, objects=objects, task_name=task_name)
    joints, target, delta = motion(steps, seed)
    sized = {"height": size[0], "width": size[1]}
    scene = made.scene.model_copy(
        update={"cameras": tuple(camera.model_copy(update=sized) for camera in made.scene.cameras)}
    )
    measured = np.concatenate([joints[:1], joints[:-1]]).astype(np.float32)
    tool = np.concatenate([target[:1, :7], target[:-1, :7]]).astype(np.float32)
    distance = {c: 400 + film(steps, *size, seed + k)[..., 0].astype(np.uint16) for k, c in enumerate(made.rgb)}
    return replace(
        made,
        scene=scene,
        states=replace(made.states, qpos=measured, tcp=tool),
        actions=joints.astype(np.float32),
        ee_delta=delta.astype(np.float32),
        ee_target=target.astype(np.float32),
        rgb={c: film(steps, *size, seed + k) for k, c in enumerate(made.rgb)},
        depth=distance if depth else {},
        stage=np.minimum(np.arange(steps) * 3 // steps, 1).astype(np.uint8),
    )
