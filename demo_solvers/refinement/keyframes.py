"""Keyframes of a failed attempt: a strip of moments for each view, with the names of things written where they are."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from demo_solvers.diagnosis import Failure
from demo_solvers.evidence import HANDS
from demo_solvers.refinement.loop import Case
from pipeline.core import poses
from pipeline.core.camera import CameraSpec
from pipeline.core.chat import Picture
from pipeline.core.world import WorldState

WIDTH, HEIGHT, FOVY = 384, 320, 45.0  # pixels, degrees
EYES = {"front_left": (1.3, 0.65, 0.65), "right": (0.5, -1.15, 0.75)}
"""Where the views are taken from [m]: over the far edge of the table, and from its right."""
CENTRE = (0.45, 0.0, 0.08)  # m, what they look at
INK, HALO = (255, 255, 255), (0, 0, 0)


def keyframes(case: Case, failure: Failure) -> tuple[tuple[Picture, ...], str]:
    """One picture a view, moments from left to right, and a caption; replays the world in a scene of its own."""
    outcome, rate = case.tried.outcomes[failure.scene], case.problem.scenes[0].physics.control_hz
    row = failure.scene if outcome.row is None else outcome.row
    steps = _moments(failure, len(outcome.actions), rate)
    cameras = [camera_of(name) for name in EYES]
    trace = case.tried.worlds.trace()
    states = case.tried.starts.rows(slice(failure.scene, failure.scene + 1))
    if trace is not None:
        states = WorldState.stack([states, trace.row(row)])
    seen = case.tried.worlds.look(cameras, row, steps)
    times = ", ".join(f"{step / rate:.1f} s" for step in steps)
    pictures = [_strip(seen[c.name].rgb, c, states, steps) for c in cameras]
    views = ", ".join(name.replace("_", " ") for name in EYES)
    return tuple(pictures), f"Pictures, one for each view ({views}); moments from left to right: {times}."


def _moments(failure: Failure, length: int, rate: float) -> list[int]:
    """The reset, the beginning of the stage at fault, the moment of the failure, and the end."""
    stage = next((s for s in failure.stages if s.number == failure.root.number), None)
    times = [0.0, *([stage.begin, (stage.begin + stage.end) / 2] if stage else [])]
    times += [failure.root.time] if failure.root.time is not None else []
    steps = {min(length, round(t * rate)) for t in times} | {length}
    return sorted(steps)


def camera_of(name: str) -> CameraSpec:
    """The camera of one of the views, fixed in the world."""
    pose = tuple(map(float, poses.look_at(EYES[name], CENTRE)))
    return CameraSpec(name=name, pose=pose, width=WIDTH, height=HEIGHT, fovy=FOVY)  # type: ignore[arg-type]


def _strip(rgb: NDArray[np.uint8] | None, camera: CameraSpec, states: WorldState, steps: Sequence[int]) -> Picture:
    from PIL import Image, ImageDraw

    assert rgb is not None
    sheet = Image.fromarray(np.concatenate(list(rgb), axis=1))
    draw = ImageDraw.Draw(sheet)
    for number, step in enumerate(steps):
        for name, (u, v) in projected(camera, states.rows(slice(step, step + 1))).items():
            draw.text((number * camera.width + u, v), name, fill=INK, stroke_width=1, stroke_fill=HALO, anchor="mm")
    data = io.BytesIO()
    sheet.save(data, "PNG")
    return Picture(png=data.getvalue())


def projected(camera: CameraSpec, state: WorldState) -> dict[str, tuple[float, float]]:
    """Pixel (u, v) of the middle of every thing that a world camera has in view, by name; ``state`` is one world."""
    found: dict[str, tuple[float, float]] = {}
    for body, geometry in state.layout.geometry.items():
        if body in HANDS or body == "table":
            continue
        middle = poses.compose(state.body(body)[0].astype(float), geometry.bounds.pose)
        x, y, z = poses.compose(poses.inverse(camera.pose), middle)[:3]
        if z < camera.near:
            continue
        u, v, _ = camera.intrinsics @ np.array([x / z, y / z, 1.0])
        if 0 <= u < camera.width and 0 <= v < camera.height:
            found[body] = float(u), float(v)
    return found
