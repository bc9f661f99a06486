"""How a MuJoCo scene looks: floor, sky, lights and the sizes of the off-screen buffer."""

# pyright: reportAttributeAccessIssue=false
# MuJoCo is a compiled module without stubs: pyright sees none of its names.

from __future__ import annotations

import mujoco as mj

from pipeline.core.scene import Light, SceneSpec
from pipeline.sim._cameras import scene_cameras

DEFAULT_LIGHTS = (Light(direction=(-0.4, 0.3, -1.0), position=(1.0, -0.8, 2.5), intensity=0.5),)


def set_up_visuals(spec: mj.MjSpec, scene: SceneSpec) -> None:
    """Buffer size, clipping planes, ambient light and a plain sky."""
    cameras = list(scene_cameras(scene).values())
    visual = spec.visual
    visual.global_.offwidth = max((c.width for c in cameras), default=128)
    visual.global_.offheight = max((c.height for c in cameras), default=128)
    spec.stat.extent = 1.0  # clipping planes are in units of the extent: make that the metre
    visual.map.znear = min((c.near for c in cameras), default=0.01)
    visual.map.zfar = max((c.far for c in cameras), default=10.0)
    # In software each of multisampling and shadows doubles or triples the time of a frame, and shadow maps of this size
    # speckle; a fill light from the camera's side keeps shapes readable without them.
    visual.quality.offsamples = 0
    visual.quality.shadowsize = 0
    visual.headlight.ambient = [scene.ambient] * 3
    visual.headlight.diffuse = [0.25] * 3
    visual.headlight.specular = [0.0] * 3
    spec.add_texture(
        name="sky",
        type=mj.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mj.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.82, 0.87, 0.92],
        rgb2=[0.60, 0.66, 0.72],
        width=64,
        height=64,
    )


def add_floor(spec: mj.MjSpec, height: float) -> None:
    """An endless plane at ``height`` m with faint tiles of half a metre."""
    spec.add_texture(
        name="tiles",
        type=mj.mjtTexture.mjTEXTURE_2D,
        builtin=mj.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=[0.62, 0.60, 0.57],
        rgb2=[0.56, 0.54, 0.52],
        width=64,
        height=64,
    )
    material = spec.add_material(name="tiles", texrepeat=[1, 1], texuniform=True)
    material.textures[mj.mjtTextureRole.mjTEXROLE_RGB] = "tiles"
    spec.worldbody.add_geom(
        name="floor", type=mj.mjtGeom.mjGEOM_PLANE, pos=[0, 0, height], size=[0, 0, 0.5], material="tiles"
    )


def add_lights(spec: mj.MjSpec, scene: SceneSpec) -> None:
    """The scene's lights, or one from above when it names none."""
    for i, light in enumerate(scene.lights or DEFAULT_LIGHTS):
        directional = light.kind == "directional"
        made = spec.worldbody.add_light(name=f"light/{i}", pos=light.position, dir=light.direction)
        made.type = mj.mjtLightType.mjLIGHT_DIRECTIONAL if directional else mj.mjtLightType.mjLIGHT_POINT
        made.diffuse = [min(1.0, c * light.intensity) for c in light.color]
        made.specular = [0.2 * c for c in made.diffuse]
        made.ambient = [0.0] * 3
        made.castshadow = False
