"""Cameras and lights of the stage."""

# pyright: reportAttributeAccessIssue=false
# usd-core is a compiled package without stubs: pyright sees none of its names.

from __future__ import annotations

import math

import numpy as np
from pxr import Gf, Sdf, Usd, UsdGeom, UsdLux

from pipeline.core.geometry import Vec3
from pipeline.core.physical_model import PhysicalModel, View
from pipeline.core.poses import compose, look_at, pose
from pipeline.core.scene import Light
from scene_gen.export._names import identifier
from scene_gen.export._usd_parts import attribute, linear, place

CV_TO_GL = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
FOCAL_LENGTH = 24.0  # tenths of a stage unit, as USD counts; only its ratio to the aperture shows
LAMP_RADIUS = 0.05  # m


def add_camera(stage: Usd.Stage, mount: Sdf.Path, view: View) -> None:
    """A pinhole camera below the body it rides on; USD's look along -z with y up."""
    spec = view.spec
    camera = UsdGeom.Camera.Define(stage, mount.AppendChild(identifier(f"camera_{spec.name}")))
    place(camera, compose(spec.pose, CV_TO_GL))
    height = 2.0 * FOCAL_LENGTH * math.tan(math.radians(spec.fovy) / 2.0)
    camera.CreateFocalLengthAttr(FOCAL_LENGTH)
    camera.CreateVerticalApertureAttr(height)
    camera.CreateHorizontalApertureAttr(height * spec.width / spec.height)
    camera.CreateClippingRangeAttr(Gf.Vec2f(spec.near, spec.far))
    attribute(camera.GetPrim(), "taskloom:resolution", Sdf.ValueTypeNames.Int2, Gf.Vec2i(spec.width, spec.height))


def add_lights(stage: Usd.Stage, scope: Sdf.Path, model: PhysicalModel) -> None:
    """The scene's lights and, for its ambient light, an even dome."""
    UsdGeom.Scope.Define(stage, scope)
    for index, light in enumerate(model.lights):
        _light(stage, scope.AppendChild(f"light_{index}"), light)
    dome = UsdLux.DomeLight.Define(stage, scope.AppendChild("ambient"))
    dome.CreateIntensityAttr(model.ambient)


def _light(stage: Usd.Stage, path: Sdf.Path, light: Light) -> None:
    """An intensity of 1 lights a white surface fully: an irradiance of pi, on the table where the lamp is near."""
    if light.kind == "directional":
        made = UsdLux.DistantLight.Define(stage, path)
        made.CreateIntensityAttr(math.pi * light.intensity)
        place(made, _along(light.direction))
    else:
        made = UsdLux.SphereLight.Define(stage, path)
        made.CreateRadiusAttr(LAMP_RADIUS)
        made.CreateIntensityAttr(4.0 * math.pi * light.intensity * light.position[2] ** 2)
        place(made, pose(light.position))
    made.CreateNormalizeAttr().Set(value=True)
    made.CreateColorAttr(linear(light.color))


def _along(direction: Vec3) -> np.ndarray:
    """A pose (7,) whose -z points along ``direction``."""
    up = (0.0, 1.0, 0.0) if abs(direction[2]) > 0.99 * float(np.linalg.norm(direction)) else (0.0, 0.0, 1.0)
    return compose(look_at((0.0, 0.0, 0.0), direction, up), CV_TO_GL)
