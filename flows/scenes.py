"""Single scenes: which task, how it is built, and pictures of it."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from assets.catalog import LibraryCatalog
from demo_solvers.families import SOLVED
from flows.config import RANDOMISATIONS
from flows.machine import rendering_environment
from flows.stages import make_simulator
from pipeline.core.camera import CameraSpec
from pipeline.core.doors import FileStore, Unplaceable
from pipeline.core.errors import InvalidInputError, OutputError, UnknownNameError
from pipeline.core.files import write_atomically
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from scene_gen.builder import TabletopBuilder
from scene_gen.settle import sample_settled
from scene_gen.variation import Variation
from task_gen.author import propose
from task_gen.files import load_tasks

AS_LAID_OUT = "none"
"""Instead of a backend to settle in."""
Picture = NDArray[np.uint8]
"""(height, width, 3) RGB."""


def choose_task(path: Path | None, catalog: LibraryCatalog, robot: RobotSpec, *, index: int, seed: int) -> TaskSpec:
    """Task ``index`` of a file, or of those that the procedural author proposes; raises :class:`InvalidInputError`."""
    tasks = (
        load_tasks(path, catalog)
        if path is not None
        else propose(catalog, robot, count=index + 1, seed=seed, families=SOLVED)
    )
    if index >= len(tasks):
        raise InvalidInputError(f"--index {index}: {path} holds {len(tasks)} tasks, counted from 0.")
    return tasks[index]


def build_scene(
    task: TaskSpec,
    catalog: LibraryCatalog,
    robot: RobotSpec,
    *,
    seed: int,
    support: str,
    randomise: str,
    settle: str = AS_LAID_OUT,
) -> SceneSpec:
    """One scene, settled in the named backend or as it was laid out.

    Raises :class:`UnknownNameError` for the support, preset or backend, and :class:`Unplaceable` where nothing fits or
    nothing stays as it was laid out.
    """
    preset = RANDOMISATIONS.get(randomise)
    variation = None if randomise == "off" else Variation(preset, seed, catalog)
    builder = TabletopBuilder(catalog, robot, support=support, variation=variation)
    if settle == AS_LAID_OUT:
        return builder.build(task, stream(seed, "scene_gen", task.name, 0))
    simulator = make_simulator(settle, catalog)
    try:
        settled = sample_settled(builder, task, simulator, count=1, seed=seed)
    finally:
        simulator.close()
    if not settled.mask[0]:
        raise Unplaceable(
            f"Task {task.name!r} does not settle in {settle}: {settled.reasons[0]} Try another --seed, smaller or "
            f"fewer things, or look at it as it is laid out with --settle {AS_LAID_OUT}."
        )
    return settled.scenes[0]


def pictures(
    scene: SceneSpec,
    files: FileStore,
    *,
    backend: str,
    cameras: Sequence[str] | None = None,
    width: int | None = None,
    height: int | None = None,
) -> Mapping[str, Picture]:
    """What each camera sees at reset; raises :class:`UnknownNameError` and :class:`RenderingError`."""
    known = {c.name: _resized(c, width, height) for c in (*scene.robot.cameras, *scene.cameras)}
    for name in cameras or ():
        if name not in known:
            raise UnknownNameError("camera", name, known)
    os.environ.update(rendering_environment(backend))
    simulator = make_simulator(backend, files)
    try:
        simulator.load([scene.model_copy(update={"cameras": tuple(known.values())})])
        frames = simulator.render(cameras or tuple(known))
        return {name: frame.rgb[0] for name, frame in frames.items() if frame.rgb is not None}
    finally:
        simulator.close()


def save_pictures(seen: Mapping[str, Picture], out: Path) -> dict[str, Path]:
    """One PNG a camera in the folder ``out``; raises :class:`OutputError`."""
    paths = {name: out / f"{name}.png" for name in seen}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, path in paths.items():
            data = io.BytesIO()
            Image.fromarray(seen[name]).save(data, "PNG")
            write_atomically(path, data.getvalue())
    except OSError as error:
        raise OutputError(
            f"Cannot write pictures into {str(out)!r}: {error.strerror}. Choose another --out."
        ) from error
    return paths


def _resized(camera: CameraSpec, width: int | None, height: int | None) -> CameraSpec:
    return camera.model_copy(update={"width": width or camera.width, "height": height or camera.height})
