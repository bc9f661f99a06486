"""A scene as MJCF: ``scene.xml`` with its meshes and textures beside it, for plain MuJoCo and whatever reads MJCF."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assets.png import write_png
from pipeline.core.geometry import Pose7, Vec3
from pipeline.core.physical_model import Look, ModelJoint, PhysicalModel, RigidBody, Servo, Shape, View
from pipeline.core.poses import compose
from pipeline.core.scene import Light
from scene_gen.export._names import file_name
from scene_gen.export._obj import write_obj

CV_TO_GL: Pose7 = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
MODEL_FILE = "scene.xml"
START = "reset"
"""Name of the keyframe that holds the scene's reset: joints, poses and servo targets."""
SIZES = {"plane": 3, "sphere": 1, "capsule": 2, "ellipsoid": 3, "cylinder": 2, "box": 3, "mesh": 0}


def mjcf(model: PhysicalModel, folder: Path) -> Path:
    """Write the scene into ``folder`` and return its ``scene.xml``; masses, inertias and gains in full precision."""
    root = ET.Element("mujoco", model=model.task)
    _add(root, "compiler", angle="radian", autolimits="true", inertiafromgeom="false", meshdir=".", texturedir=".")
    _options(root, model)
    _visual(root, model)
    _assets(_add(root, "asset"), model, folder)
    _world(_add(root, "worldbody"), model)
    contact = _add(root, "contact")
    for one, other in model.apart:
        _add(contact, "exclude", body1=one, body2=other)
    _equalities(root, model)
    actuators = _add(root, "actuator")
    for servo in model.servos:
        _servo(actuators, servo)
    _keyframe(_add(root, "keyframe"), model)
    ET.indent(root)
    path = folder / MODEL_FILE
    path.write_text(ET.tostring(root, encoding="unicode") + "\n")
    return path


def _options(root: ET.Element, model: PhysicalModel) -> None:
    given = model.options
    _add(
        root, "option", timestep=given.timestep, gravity=given.gravity, integrator=given.integrator, cone=given.cone,
        impratio=given.impratio, noslip_iterations=given.noslip_iterations,
    )  # fmt: skip


def _visual(root: ET.Element, model: PhysicalModel) -> None:
    # Clipping planes are counted in extents: with an extent of a metre they are metres.
    _add(root, "statistic", extent=1.0, center=(0.4, 0.0, 0.1))
    visual, cameras = _add(root, "visual"), [view.spec for view in model.views]
    width, height = max((c.width for c in cameras), default=640), max((c.height for c in cameras), default=480)
    _add(visual, "global", offwidth=max(640, width), offheight=max(480, height))
    near, far = min((c.near for c in cameras), default=0.01), max((c.far for c in cameras), default=10.0)
    _add(visual, "map", znear=near, zfar=far)
    _add(visual, "headlight", ambient=(model.ambient,) * 3, diffuse=(0.25,) * 3, specular=(0.0,) * 3)


def _assets(section: ET.Element, model: PhysicalModel, folder: Path) -> None:
    _add(
        section, "texture", name="sky", type="skybox", builtin="gradient", rgb1=(0.82, 0.87, 0.92),
        rgb2=(0.6, 0.66, 0.72), width=64, height=64,
    )  # fmt: skip
    for name, pixels in model.textures.items():
        path = folder / "textures" / file_name(name, "png")
        path.parent.mkdir(exist_ok=True)
        write_png(path, pixels)
        _add(section, "texture", name=name, type="2d", file=path.relative_to(folder))
    shapes = [s for body in model.bodies for s in body.shapes] + list(model.floor)
    for name, look in {s.look_name: s.look for s in shapes if s.look_name}.items():
        _material(section, name, look)
    felt = {s.mesh for s in shapes if s.solid}
    for name, mesh in model.meshes.items():
        path = folder / "meshes" / file_name(name, "obj")
        path.parent.mkdir(exist_ok=True)
        write_obj(path, mesh)
        # What is only seen need not enclose a volume.
        _add(section, "mesh", name=name, file=path.relative_to(folder), inertia=None if name in felt else "shell")


def _material(section: ET.Element, name: str, look: Look) -> None:
    _add(
        section, "material", name=name, rgba=look.rgba, texture=look.texture, texrepeat=look.repeat,
        texuniform=look.per_metre, specular=look.specular, shininess=look.shininess,
    )  # fmt: skip


def _world(section: ET.Element, model: PhysicalModel) -> None:
    elements: dict[str | None, ET.Element] = {None: section}
    for shape in model.floor:
        _geom(section, shape, name="floor")
    for index, light in enumerate(model.lights):
        _light(section, light, f"light_{index}")
    for body in model.bodies:
        elements[body.name] = _body(elements[body.parent], body, model.joint_of(body))
    for view in model.views:
        _camera(elements[view.mount], view)


def _body(parent: ET.Element, body: RigidBody, joint: ModelJoint | None) -> ET.Element:
    element = _add(parent, "body", name=body.name, **_at(body.at_zero), gravcomp=1 if body.weightless else None)
    if body.mass > 0:
        _add(element, "inertial", **_at(body.inertial), mass=body.mass, diaginertia=body.inertia)
    if body.free:
        _add(element, "freejoint", name=f"{body.name}/free")
    if joint is not None:
        _joint(element, joint)
    for shape in body.shapes:
        _geom(element, shape)
    return element


def _joint(element: ET.Element, joint: ModelJoint) -> None:
    limits = None if joint.lower is None or joint.upper is None else (joint.lower, joint.upper)
    kind = "slide" if joint.kind == "prismatic" else "hinge"
    spring = {"stiffness": joint.stiffness, "springref": joint.rest} if joint.stiffness else {}
    _add(
        element, "joint", name=joint.name, type=kind, axis=joint.axis, pos=joint.anchor, range=limits,
        damping=joint.damping, frictionloss=joint.friction, armature=joint.armature, **spring,
    )  # fmt: skip


def _geom(element: ET.Element, shape: Shape, *, name: str | None = None) -> None:
    _add(
        element, "geom", name=name, type=shape.kind, **_at(shape.pose), size=shape.size[: SIZES[shape.kind]] or None,
        mesh=shape.mesh, material=shape.look_name, rgba=None if shape.look_name else shape.look.rgba, group=shape.group,
        contype=shape.contype, conaffinity=shape.conaffinity, friction=shape.friction, solref=shape.solref,
    )  # fmt: skip


def _light(section: ET.Element, light: Light, name: str) -> None:
    diffuse = tuple(min(1.0, c * light.intensity) for c in light.color)
    _add(
        section, "light", name=name, type=light.kind, pos=light.position, dir=light.direction, diffuse=diffuse,
        specular=tuple(0.2 * c for c in diffuse), castshadow=False,
    )  # fmt: skip


def _camera(element: ET.Element, view: View) -> None:
    spec = view.spec
    resolution = f"{spec.width} {spec.height}"
    pose = compose(spec.pose, CV_TO_GL)
    _add(element, "camera", name=spec.name, pos=pose[:3], quat=pose[3:], fovy=spec.fovy, resolution=resolution)


def _equalities(root: ET.Element, model: PhysicalModel) -> None:
    section = _add(root, "equality")
    for tie in model.couplings:
        _add(section, "joint", joint1=tie.follower, joint2=tie.leader, polycoef=tie.coefficients)
    for pin in model.pins:
        _add(section, "connect", body1=pin.first, body2=pin.second, anchor=pin.anchor)


def _servo(section: ET.Element, servo: Servo) -> None:
    force = (-servo.max_force, servo.max_force)
    _add(
        section, "position", name=servo.name, joint=servo.joint, kp=servo.kp, kv=servo.kv, forcerange=force,
        ctrlrange=(servo.lower, servo.upper),
    )  # fmt: skip


def _keyframe(section: ET.Element, model: PhysicalModel) -> None:
    """Joint positions in the order in which MuJoCo numbers joints: that of the bodies."""
    positions = list[float]()
    for body in model.bodies:
        joint = model.joint_of(body)
        positions += body.at_reset if body.free else [joint.start] if joint else []
    _add(section, "key", name=START, qpos=positions, ctrl=[servo.start for servo in model.servos])


def _at(pose: Pose7) -> dict[str, Vec3 | tuple[float, ...]]:
    return {"pos": pose[:3], "quat": pose[3:]}


def _add(parent: ET.Element, tag: str, **attributes: Any) -> ET.Element:
    """A child element; attributes that are None are left out."""
    return ET.SubElement(parent, tag, {k: _text(v) for k, v in attributes.items() if v is not None})


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | Path | int):
        return str(value)
    numbers: Iterable[float] = value if isinstance(value, Iterable) else (value,)
    # The shortest decimal that reads back as the same double.
    return " ".join(repr(float(v) + 0.0).removesuffix(".0") for v in numbers)
