"""Apply a record of draws to a plain scene: the same record on the same scene gives the same scene, anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue, ValidationError

from assets.variants import Adopting, Change, variant
from pipeline.core.asset import AssetSpec
from pipeline.core.camera import CameraSpec
from pipeline.core.errors import InvalidInputError
from pipeline.core.poses import compose, pose, quat_from_rotvec, quat_rotate
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import Light, SceneSpec
from scene_gen.draw import TABLE_HEIGHT, CameraDraw, Draws, LightDraw

WIDEST = 120.0  # degrees: beyond it a picture is mostly rim
DOWNWARDS = -0.2  # a light turned up to the horizon would shine under the table


def apply(
    scene: SceneSpec, record: Mapping[str, JsonValue], catalog: Adopting, *, root: Path | None = None
) -> SceneSpec:
    """``scene`` of library assets with everything changed that ``record`` names; poses stay.

    Variants are made below ``root`` (default: the user's cache) and adopted by ``catalog``. Raises
    :class:`InvalidInputError` for a record that is none.
    """
    draws = _read(record)
    placements = tuple(
        p.model_copy(update={"asset": variant(p.asset, draws.things.get(p.name, Change()), catalog, root=root)})
        for p in scene.placements
    )
    return scene.model_copy(
        update={
            "placements": placements,
            "robot": tuned(scene.robot, draws, catalog),
            "cameras": tuple(_camera(c, draws.cameras[c.name]) for c in scene.cameras),
            "lights": tuple(_light(a, b) for a, b in zip(scene.lights, draws.lights, strict=True)),
            "ambient": round(scene.ambient * draws.ambient, 6),
            "floor_height": round(scene.floor_height + TABLE_HEIGHT - draws.table_height, 6),
            "draws": draws.record(),
        }
    )


def plain(scene: SceneSpec, base: SceneSpec, catalog: Adopting) -> SceneSpec:
    """The scene that draws were applied to: library assets, and robot, cameras, lights and floor as in ``base``."""
    placements = tuple(p.model_copy(update={"asset": catalog.asset(p.asset.name)}) for p in scene.placements)
    kept = {name: getattr(base, name) for name in ("robot", "cameras", "lights", "ambient", "floor_height")}
    return scene.model_copy(update={**kept, "placements": placements, "draws": {}})


def tuned(robot: RobotSpec, draws: Draws, catalog: Adopting) -> RobotSpec:
    """The robot with other controller gains, adopted by ``catalog``."""
    if draws.stiffness == draws.damping == 1.0:
        return robot
    factors = {"kp": draws.stiffness, "kv": draws.damping}

    def scaled(part):
        return part.model_copy(update={k: round(getattr(part, k) * f, 6) for k, f in factors.items()})

    others = tuple(
        group.model_copy(update={"arm": tuple(map(scaled, group.arm)), "gripper": scaled(group.gripper)})
        for group in robot.others
    )
    changed = {"arm": tuple(map(scaled, robot.arm)), "gripper": scaled(robot.gripper), "others": others}
    made = robot.model_copy(update=changed)
    catalog.adopt(made, catalog.folder(robot))
    return made


def changed(asset: AssetSpec, name: str, draws: Draws, catalog: Adopting, *, root: Path | None) -> AssetSpec:
    """The variant of ``asset`` that the draws make of the object called ``name``."""
    return variant(asset, draws.things.get(name, Change()), catalog, root=root)


def _read(record: Mapping[str, JsonValue]) -> Draws:
    try:
        return Draws.model_validate(dict(record))
    except ValidationError as error:
        raise InvalidInputError(
            f"This is no record of a scene's draws: {error}. Take it from SceneSpec.draws."
        ) from error


def _camera(camera: CameraSpec, drawn: CameraDraw) -> CameraSpec:
    moved = compose(camera.pose, pose(drawn.shift, quat_from_rotvec(drawn.turn)))
    x, y, z, qw, qx, qy, qz = (float(v) for v in moved)
    fovy = min(round(camera.fovy * drawn.field_of_view, 6), WIDEST)
    return camera.model_copy(update={"pose": (x, y, z, qw, qx, qy, qz), "fovy": fovy})


def _light(light: Light, drawn: LightDraw) -> Light:
    x, y, z = (float(v) for v in quat_rotate(quat_from_rotvec(drawn.turn), light.direction))
    r, g, b = (min(1.0, c * t) for c, t in zip(light.color, drawn.tint, strict=True))
    turned = (x, y, min(z, DOWNWARDS))
    return light.model_copy(
        update={"direction": turned, "intensity": light.intensity * drawn.brightness, "color": (r, g, b)}
    )
