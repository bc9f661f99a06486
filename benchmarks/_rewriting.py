"""The episodes of a dataset written again, through the part writer and the packer, on one core and timed."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._cells import Cell, announce
from pipeline.core.episode import Episode
from pipeline.core.layout import SceneLayout
from pipeline.core.world import PARTS, WorldState
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.files import DatasetFiles
from pipeline.dataset.frames import object_columns
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part
from pipeline.dataset.reader import DatasetReader, StoredEpisode

PART = 8  # episodes a part


def rewrite(reader: DatasetReader, chosen: Sequence[int], place: Path) -> Cell:
    """Write the episodes as parts and pack them, on one core, and say how long each took."""
    files, seconds, cpu, frames = DatasetFiles(reader), {"part": 0.0, "pack": 0.0}, 0.0, 0
    parts: list[Path] = []
    with _one_core():
        for first in range(0, len(chosen), PART):
            episodes = [_episode(reader.episode(k)) for k in chosen[first : first + PART]]
            frames += sum(len(images) for e in episodes for images in e.rgb.values())
            parts.append(place / "parts" / f"{first:04d}")
            before = cpu_seconds()
            seconds["part"] += _timed(lambda e=episodes, p=parts[-1]: write_part(p, e, store=files))
            cpu += cpu_seconds() - before
            announce({"written": len(parts) * PART}, f"{seconds['part']:.1f} s")
        before = cpu_seconds()
        seconds["pack"] = _timed(lambda: pack(parts, place / "dataset.zarr", meta=DatasetMeta(name="io")))
        cpu += cpu_seconds() - before
    return {
        "frames": frames,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "frames_per_second": round(frames / sum(seconds.values()), 1),
        "frames_per_cpu_second": round(frames / cpu, 1),
    }


def _episode(stored: StoredEpisode) -> Episode:
    """The episode that was stored, but for what is not: velocities, contacts and the poses of the robot's links."""
    arrays = dict(stored.arrays)
    scene, rgb = stored.scene, {n.removeprefix("rgb_"): arrays[n] for n in arrays if n.startswith("rgb_")}
    return Episode(
        task=stored.task,
        scene=scene,
        states=_states(stored, arrays, slice(None)),
        final=_states(stored, arrays, slice(-1, None)),
        actions=stored.actions,
        ee_delta=arrays["action_ee_delta"],
        ee_target=arrays["action_ee_pose"],
        progress=arrays["progress"],
        success=arrays["success"],
        stage=arrays["stage"],
        stage_names=stored.stage_names,
        rgb=rgb,
        camera_pose={name: np.tile(np.float32([0, 0, 0, 1, 0, 0, 0]), (stored.length, 1)) for name in rgb},
        solver=stored.solver,
        provenance=stored.provenance,
        attempt=stored.attempt,
    )


def _states(stored: StoredEpisode, arrays: dict[str, Any], rows: slice) -> WorldState:
    layout = SceneLayout.of(stored.scene)
    steps, bodies = len(arrays["state"][rows]), len(layout.bodies)
    pose = np.zeros((steps, bodies, 7), np.float32)
    pose[:, object_columns(layout)] = arrays["object_pose"][rows]
    return WorldState(
        layout,
        pose,
        np.zeros((steps, bodies, 6), np.float32),
        arrays["object_joint"][rows],
        np.zeros_like(arrays["object_joint"][rows]),
        arrays["state"][rows],
        arrays["qvel"][rows],
        arrays["ee_pose"][rows],
        np.zeros((steps, bodies, bodies), bool),
        np.zeros((steps, len(PARTS), bodies), np.float32),
    )


def cpu_seconds() -> float:
    """Processor time of all threads of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def _one_core() -> Iterator[None]:
    """All threads of this process on one core, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
