"""Read an MJCF of one object: its root body becomes the base, bodies with one hinge or slide the moving links."""

# The bindings of mujoco carry no type information.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from assets.importers.compiled import body_place, geom_mesh, geom_visual, geoms_of
from assets.importers.intake import check_count, check_file, contained, inside, read_xml, refuse
from assets.importers.links import Link, LinkModel, identifier
from assets.values import vec3
from pipeline.core.errors import AssetError
from pipeline.core.geometry import Joint

Array = NDArray[np.float64]
INCLUDES = 8  # deep; what includes more deeply includes itself
KINDS = {mujoco.mjtJoint.mjJNT_HINGE: "revolute", mujoco.mjtJoint.mjJNT_SLIDE: "prismatic"}


def read_mjcf(path: Path, *, within: Path | None = None) -> LinkModel:
    """The one object of an MJCF; raises InvalidInputError naming what is wrong or not allowed."""
    allowed = within or path.parent
    root = read_xml(path)
    if root.tag != "mujoco":
        raise refuse(path, f"its root element is <{root.tag}>, expected <mujoco>.", "Name an MJCF or a URDF.")
    _check(path, root, allowed, depth=0, folders={})
    try:
        model = mujoco.MjModel.from_xml_path(str(path))
    except (ValueError, OSError, mujoco.FatalError) as error:
        raise refuse(path, f"MuJoCo cannot compile it: {error}.", "Mend the MJCF.") from error
    check_count(path, int(model.mesh_facenum.sum()) if model.nmesh else 0)
    bases = [b for b in range(1, model.nbody) if model.body_parentid[b] == 0]
    if len(bases) != 1:
        names = [model.body(b).name for b in bases]
        raise refuse(path, f"its world holds {len(bases)} bodies {names}, expected one.", "Cut out one object.")
    try:
        return LinkModel(_links(path, model, bases[0]))
    except AssetError as error:
        raise refuse(path, str(error), "Mend the MJCF.") from error


def _check(path: Path, root: ET.Element, allowed: Path, *, depth: int, folders: dict[str, str]) -> None:
    """Refuse plugins and every file reference that leaves the allowed folder, before MuJoCo opens any."""
    for element in root.iter():
        if element.tag in ("plugin", "extension"):
            raise refuse(
                path, f"it uses a <{element.tag}>, which is not allowed.", "Remove it; only plain MJCF is read."
            )
    for compiler in root.iter("compiler"):
        folders |= {k: v for k, v in compiler.attrib.items() if k in ("meshdir", "texturedir", "assetdir")}
    for element in root.iter():
        name = element.get("file")
        if name is None:
            continue
        if element.tag == "include":
            target = contained(name, path.parent, of=path, within=allowed)
            inside(name, path.parent, of=path) if target.is_relative_to(path.parent.resolve()) else check_file(target)
            if depth >= INCLUDES:
                raise refuse(
                    path, f"it includes files more than {INCLUDES} deep.", "An include must not include itself."
                )
            _check(target, read_xml(target), allowed, depth=depth + 1, folders=folders)
            continue
        base = folders.get("texturedir" if element.tag == "texture" else "meshdir") or folders.get("assetdir", "")
        target = contained(str(Path(base) / name), path.parent, of=path, within=allowed)
        if not target.is_file():
            raise refuse(path, f"it refers to {name!r}, which is not there.", f"Put the file at {str(target)!r}.")
        check_file(target)


def _links(path: Path, model: mujoco.MjModel, base: int) -> dict[str, Link]:
    found: dict[str, Link] = {}
    owner: dict[int, str] = {}
    for body in range(base, model.nbody):
        joint = None if body == base else _joint(path, model, body, base)
        parent = owner.get(int(model.body_parentid[body]), "")
        key = parent
        if joint is not None:
            if parent:
                name = model.joint(int(model.body_jntadr[body])).name
                raise refuse(
                    path, f"joint {name!r} hangs from the moving link {parent!r}.", "Joints must be on the base."
                )
            key = identifier(model.body(body).name) or f"link_{len(found)}"
            key = f"{key}_link" if key in ("base", *found) else key
            joint = joint.model_copy(update={"link": key})
        owner[body] = key
        found[key] = _grown(found.get(key), _link(model, body, base), joint)
    return found


def _grown(first: Link | None, second: Link, joint: Joint | None) -> Link:
    if first is None:
        return Link(second.visuals, second.solids, second.mass, joint)
    return Link(
        first.visuals + second.visuals,
        first.solids + second.solids,
        (first.mass or 0) + (second.mass or 0),
        first.joint,
    )


def _link(model: mujoco.MjModel, body: int, base: int) -> Link:
    """Geoms that collide are solids, the others are seen; a body with only one kind has both roles."""
    place = body_place(model, body, base)
    own = geoms_of(model, body)
    colliding = [g for g in own if model.geom_contype[g] | model.geom_conaffinity[g]]
    seen = [g for g in own if g not in colliding] or colliding
    link = Link(
        tuple(geom_visual(model, g) for g in seen),
        tuple(geom_mesh(model, g) for g in colliding),
        float(model.body_mass[body]) or None,
    )
    return LinkModel({"": link}).moved(place).links[""]


def _joint(path: Path, model: mujoco.MjModel, body: int, base: int) -> Joint | None:
    """The body's joint in the base frame, None when it is welded; raises for balls and for several joints."""
    count, index = int(model.body_jntnum[body]), int(model.body_jntadr[body])
    if count == 0:
        return None
    name, kind = model.joint(index).name, KINDS.get(int(model.jnt_type[index]))
    if count > 1 or kind is None:
        raise refuse(
            path,
            f"body {model.body(body).name!r} has {count} joints or a ball.",
            "Allowed is one hinge or slide a body.",
        )
    if not model.jnt_limited[index] and kind == "prismatic":
        raise refuse(path, f"the slide {name!r} has no range.", "Say how far it moves.")
    lower, upper = model.jnt_range[index] if model.jnt_limited[index] else (-np.pi, np.pi)
    place, dof = body_place(model, body, base), int(model.jnt_dofadr[index])
    return Joint(
        name=identifier(name) or f"joint_{index}",
        link="",
        kind="revolute" if kind == "revolute" else "prismatic",
        axis=vec3(place[:3, :3] @ model.jnt_axis[index]),
        anchor=vec3(place[:3, :3] @ model.jnt_pos[index] + place[:3, 3]),
        lower=float(lower),
        upper=float(upper),
        opens="upper" if abs(upper) >= abs(lower) else "lower",
        damping=float(np.atleast_1d(model.dof_damping[dof])[0]),
        friction=float(model.dof_frictionloss[dof]),
        stiffness=_spring(model, index),
    )


def _spring(model: mujoco.MjModel, joint: int) -> float:
    """Stiffness of a joint's spring; one that rests elsewhere than at 0 is left out, for a card cannot say so."""
    rests_at_0 = abs(float(model.qpos_spring[model.jnt_qposadr[joint]])) < 1e-9
    return float(np.atleast_1d(model.jnt_stiffness[joint])[0]) if rests_at_0 else 0.0
