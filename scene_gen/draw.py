"""Draw a randomisation: every value that is to change a batch's scenes, as one JSON record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import JsonValue

from assets.patterns import KINDS, Pattern
from assets.variants import Change, uniform
from pipeline.core.asset import AssetSpec
from pipeline.core.camera import CameraSpec
from pipeline.core.geometry import Frozen, Vec3
from pipeline.core.scene import Light
from scene_gen.arrangement import GROUNDS, TABLE
from scene_gen.distributions import Ball, draw_tint
from scene_gen.randomisation._spec import Randomisation

COLOURS = frozenset(
    {"red", "green", "blue", "yellow", "orange", "purple", "pink", "white", "black", "grey", "gray", "brown"}
)
TABLE_HEIGHT = 0.75  # m: for which the furniture of the library was made
FURNITURE_COLOURS: tuple[Vec3, ...] = (
    (0.74, 0.58, 0.42),
    (0.86, 0.78, 0.64),
    (0.45, 0.31, 0.22),
    (0.82, 0.82, 0.80),
    (0.42, 0.45, 0.48),
    (0.55, 0.63, 0.58),
    (0.62, 0.52, 0.58),
)


class CameraDraw(Frozen):
    """A camera moved by ``shift`` m and ``turn`` rad in its own frame, its field of view multiplied."""

    shift: Vec3
    turn: Vec3
    field_of_view: float


class LightDraw(Frozen):
    """A light turned by ``turn`` rad, brightness and colour multiplied."""

    turn: Vec3
    brightness: float
    tint: Vec3


class Draws(Frozen):
    """All that was drawn; ``SceneSpec.draws`` is this as JSON."""

    preset: str
    seed: int
    things: dict[str, Change]
    distractors: dict[str, str]
    stiffness: float
    damping: float
    cameras: dict[str, CameraDraw]
    lights: tuple[LightDraw, ...]
    ambient: float
    table_height: float
    instruction: str

    def record(self) -> dict[str, JsonValue]:
        """The draws as JSON values."""
        return self.model_dump(mode="json")


def draw(
    randomisation: Randomisation,
    things: Mapping[str, AssetSpec],
    cameras: Sequence[CameraSpec],
    lights: Sequence[Light],
    *,
    stream: np.random.Generator,
    distractors: Mapping[str, str],
    instruction: str,
    seed: int,
) -> Draws:
    """Draw everything for a scene of these ``things`` (by object name, furniture included), cameras and lights."""
    r, height = randomisation, randomisation.table_height.draw(stream)
    return Draws(
        preset=r.name,
        seed=seed,
        things={n: _change(r, n, a, stream, height=height) for n, a in sorted(things.items())},
        distractors=dict(distractors),
        stiffness=r.stiffness.draw(stream),
        damping=r.damping.draw(stream),
        cameras={c.name: _camera(r, c, stream) for c in cameras},
        lights=tuple(_light(r, stream) for _ in lights),
        ambient=r.ambient.draw(stream),
        table_height=height,
        instruction=instruction,
    )


def _change(r: Randomisation, name: str, asset: AssetSpec, stream: np.random.Generator, *, height: float) -> Change:
    stretch = (1.0, 1.0, round(height / TABLE_HEIGHT, 6)) if name == TABLE else uniform(1.0)
    return Change(
        scale=stretch if asset.fixed else uniform(r.scale.draw(stream)),
        mass=1.0 if asset.fixed else r.mass.draw(stream),
        friction=r.friction.draw(stream),
        joint_friction=r.joint_friction.draw(stream) if asset.joints else 1.0,
        tint=draw_tint(r.tint, stream, keep_hue=bool(COLOURS & set(asset.noun.lower().split()))),
        texture=_texture(r, stream) if asset.category in GROUNDS else None,
    )


def _texture(r: Randomisation, stream: np.random.Generator) -> Pattern | None:
    if stream.random() >= r.textures:
        return None
    kind = KINDS[int(stream.integers(len(KINDS)))]
    color = FURNITURE_COLOURS[int(stream.integers(len(FURNITURE_COLOURS)))]
    return Pattern(kind=kind, color=color, seed=int(stream.integers(2**16)))


def _camera(r: Randomisation, camera: CameraSpec, stream: np.random.Generator) -> CameraDraw:
    share = 1.0 if camera.mount is None else 0.25
    shift, turn = (Ball(radius=share * ball.radius) for ball in (r.camera_shift, r.camera_turn))
    return CameraDraw(shift=shift.draw(stream), turn=turn.draw(stream), field_of_view=r.field_of_view.draw(stream))


def _light(r: Randomisation, stream: np.random.Generator) -> LightDraw:
    tint = draw_tint(r.light_tint, stream, keep_hue=False)
    return LightDraw(turn=r.light_turn.draw(stream), brightness=r.brightness.draw(stream), tint=tint)
