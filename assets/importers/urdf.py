"""Read a URDF: a base with links that slide or swing from it, fixed joints folded in, meshes from its folder."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray

from assets.importers.intake import KINDS, contained, inside, read_xml, refuse
from assets.importers.links import Link, LinkModel, identifier, moved_mesh
from assets.importers.mesh_file import MESH_KINDS, read_mesh_file
from assets.package import Visual
from assets.values import vec3
from pipeline.core.geometry import Joint

Array = NDArray[np.float64]
MOVING = {"prismatic": "prismatic", "revolute": "revolute", "continuous": "revolute"}
MEND = "Mend the URDF."


@dataclass
class _Reader:
    """One file on its way in; ``within`` is the folder that its references may not leave."""

    path: Path
    within: Path
    root: ET.Element
    materials: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)

    def wrong(self, problem: str, remedy: str = MEND) -> Exception:
        return refuse(self.path, problem, remedy)


def read_urdf(path: Path, *, within: Path | None = None) -> LinkModel:
    """The URDF's links in its base frame; raises InvalidInputError naming the element that is wrong."""
    root = read_xml(path)
    reader = _Reader(path, within or path.parent, root)
    if root.tag != "robot":
        raise reader.wrong(
            f"its root element is <{root.tag}>, expected <robot>.", "Name a URDF; xacro files must be expanded."
        )
    for material in root.findall("material"):
        reader.materials[material.get("name", "")] = _color(reader, material)
    elements = _unique(reader, "link")
    if not elements:
        raise reader.wrong("it has no <link>.", "A URDF needs at least one link with geometry.")
    joints = _unique(reader, "joint")
    base = _base(reader, elements, joints)
    parts = {name: _link(reader, name, element) for name, element in elements.items()}
    return LinkModel(_assembled(reader, base, parts, joints))


def _unique(reader: _Reader, tag: str) -> dict[str, ET.Element]:
    found: dict[str, ET.Element] = {}
    for element in reader.root.findall(tag):
        name = element.get("name", "")
        if not name or name in found:
            raise reader.wrong(
                f"it has a <{tag}> whose name {name!r} is missing or taken.", f"Give every {tag} its own name."
            )
        found[name] = element
    return found


def _base(reader: _Reader, links: dict[str, ET.Element], joints: dict[str, ET.Element]) -> str:
    """The one link that no joint moves; raises for loops, several roots and unknown links."""
    parent: dict[str, str] = {}
    for name, joint in joints.items():
        ends = [_name_in(reader, joint, tag) for tag in ("parent", "child")]
        for end in ends:
            if end not in links:
                raise reader.wrong(f"joint {name!r} names the link {end!r}; allowed: {', '.join(links)}.")
        if ends[1] in parent:
            raise reader.wrong(f"link {ends[1]!r} is the child of two joints.", "Links must form a tree.")
        parent[ends[1]] = ends[0]
    roots = [name for name in links if name not in parent]
    if len(roots) > 1:
        raise reader.wrong(f"it has several root links: {', '.join(roots)}.", "Join them by fixed joints.")
    for start in links:
        at, seen = start, set[str]()
        while at in parent:
            if at in seen:
                raise reader.wrong(f"its joints form a loop through link {at!r}.", "Links must form a tree.")
            seen.add(at)
            at = parent[at]
    return roots[0]


def _name_in(reader: _Reader, joint: ET.Element, tag: str) -> str:
    element = joint.find(tag)
    if element is None or not element.get("link"):
        raise reader.wrong(f"joint {joint.get('name')!r} has no <{tag} link=...>.")
    return element.get("link", "")


def _assembled(reader: _Reader, base: str, parts: dict[str, Link], joints: dict[str, ET.Element]) -> dict[str, Link]:
    """Walk from the base outwards: fixed joints add to the link that carries them, others begin a link of their own."""
    found: dict[str, Link] = {"": parts[base]}
    todo = [(base, "", np.eye(4))]
    while todo:
        at, home, place = todo.pop()
        for name, element in joints.items():
            if _name_in(reader, element, "parent") != at:
                continue
            child = _name_in(reader, element, "child")
            frame = place @ _origin(reader, element)
            part = LinkModel({"": parts[child]}).moved(frame).links[""]
            joint = _joint(reader, name, element, frame)
            if joint is None:
                found[home] = _merged(found[home], part)
                todo.append((child, home, frame))
                continue
            if home:
                raise reader.wrong(
                    f"joint {name!r} hangs from the moving link {home!r}.",
                    "Allowed are joints on the base only; import the parts one by one, or fix the inner joints.",
                )
            key = identifier(child) or f"link_{len(found)}"
            key = f"{key}_link" if key in ("base", *found) else key
            found[key] = replace(part, joint=joint.model_copy(update={"link": key}))
            todo.append((child, key, frame))
    return found


def _merged(first: Link, second: Link) -> Link:
    masses = [m for m in (first.mass, second.mass) if m is not None]
    return replace(
        first,
        visuals=first.visuals + second.visuals,
        solids=first.solids + second.solids,
        mass=sum(masses) if masses else None,
    )


def _joint(reader: _Reader, name: str, element: ET.Element, frame: Array) -> Joint | None:
    """The joint in the base frame; None for a fixed one."""
    kind = element.get("type", "")
    if kind == "fixed":
        return None
    if kind not in MOVING:
        raise reader.wrong(f"joint {name!r} is of type {kind!r}; allowed: fixed, {', '.join(MOVING)}.")
    axis = frame[:3, :3] @ _vector(reader, element.find("axis"), "xyz", (1.0, 0.0, 0.0))
    length = float(np.linalg.norm(axis))
    if length < 1e-6:
        raise reader.wrong(f"the axis of joint {name!r} has no length.")
    lower, upper = (-math.pi, math.pi) if kind == "continuous" else _limits(reader, name, element)
    dynamics = element.find("dynamics")
    damping, friction = (_number(reader, dynamics, key, 0.0) for key in ("damping", "friction"))
    return Joint(
        name=identifier(name) or "joint",
        link="",
        kind="prismatic" if kind == "prismatic" else "revolute",
        axis=vec3(axis / length),
        anchor=vec3(frame[:3, 3]),
        lower=lower,
        upper=upper,
        opens="upper" if abs(upper) >= abs(lower) else "lower",
        damping=max(damping, 0.0),
        friction=max(friction, 0.0),
    )


def _limits(reader: _Reader, name: str, element: ET.Element) -> tuple[float, float]:
    limit = element.find("limit")
    if limit is None or not {"lower", "upper"} <= set(limit.attrib):
        raise reader.wrong(f"joint {name!r} has no <limit> with lower and upper.", "Say how far it moves.")
    lower, upper = (_number(reader, limit, key, 0.0) for key in ("lower", "upper"))
    if not lower < upper:
        raise reader.wrong(
            f"the limits of joint {name!r} are {lower:g} to {upper:g}.", "lower must be less than upper."
        )
    return lower, upper


def _link(reader: _Reader, name: str, element: ET.Element) -> Link:
    visuals = [v for e in element.findall("visual") for v in _geometry(reader, name, e)]
    solids = [v.mesh for e in element.findall("collision") for v in _geometry(reader, name, e)]
    mass = element.find("inertial/mass")
    value = None if mass is None else _number(reader, mass, "value", 0.0)
    if value is not None and value < 0:
        raise reader.wrong(f"link {name!r} has the mass {value:g} kg.", "Masses must not be negative.")
    if not visuals:
        visuals = [Visual(solid) for solid in solids]
    return Link(tuple(visuals), tuple(solids), value)


def _geometry(reader: _Reader, name: str, element: ET.Element) -> Iterator[Visual]:
    """The meshes of one <visual> or <collision> in its link's frame."""
    shape = element.find("geometry/*")
    if shape is None:
        raise reader.wrong(f"link {name!r} has a <{element.tag}> without geometry.")
    material = element.find("material")
    color = _color(reader, material) if material is not None else None
    for visual in _shape(reader, name, shape):
        tint = visual.color if color is None or visual.texture is not None else color
        yield replace(visual, mesh=moved_mesh(visual.mesh, _origin(reader, element)), color=tint)


def _shape(reader: _Reader, name: str, shape: ET.Element) -> list[Visual]:
    if shape.tag == "mesh":
        scale = _vector(reader, shape, "scale", (1.0, 1.0, 1.0))
        if not np.all(np.abs(scale) > 0):
            raise reader.wrong(f"a mesh of link {name!r} is scaled by {scale.tolist()}.", "A scale must not be zero.")
        found = read_mesh_file(_mesh_path(reader, shape.get("filename", "")))
        return [replace(v, mesh=moved_mesh(v.mesh, np.diag([*scale, 1.0]))) for v in found]
    if shape.tag == "box":
        return [Visual(trimesh.creation.box(_positive(reader, name, shape, "size")))]
    if shape.tag == "sphere":
        return [Visual(trimesh.creation.icosphere(3, float(_positive(reader, name, shape, "radius")[0])))]
    if shape.tag == "cylinder":
        radius, length = (float(_positive(reader, name, shape, key)[0]) for key in ("radius", "length"))
        return [Visual(trimesh.creation.cylinder(radius, length, sections=32))]
    raise reader.wrong(f"link {name!r} holds <{shape.tag}>; allowed: box, cylinder, sphere, mesh.")


def _mesh_path(reader: _Reader, name: str) -> Path:
    """Where a mesh is: beside the URDF, or for ``package://NAME/...`` below the folder that may not be left."""
    if not name.startswith("package://"):
        target = _beside(reader, name)
    else:
        package, _, rest = name.removeprefix("package://").partition("/")
        choices = [f"{package}/{rest}", rest]
        there = [c for c in choices if (reader.within / c).is_file()]
        if not there:
            raise reader.wrong(
                f"{name!r} cannot be resolved: no {choices[0]!r} or {choices[1]!r} below {str(reader.within)!r}.",
                "Name the folder that holds the package with --within.",
            )
        target = inside(there[0], reader.within, of=reader.path)
    if KINDS.get(target.suffix.lower()) not in MESH_KINDS:
        raise reader.wrong(f"it refers to the mesh {name!r}.", f"Allowed mesh formats: {', '.join(MESH_KINDS)}.")
    return target


def _beside(reader: _Reader, name: str) -> Path:
    """A file named from the URDF's own folder that lies within the allowed one."""
    target = contained(name, reader.path.parent, of=reader.path, within=reader.within)
    if not name or not target.is_file():
        raise reader.wrong(f"it refers to the mesh {name!r}, which is not there.", f"Put it at {str(target)!r}.")
    return target


def _origin(reader: _Reader, element: ET.Element) -> Array:
    """The (4, 4) of an element's <origin>: fixed-axis roll, pitch, yaw."""
    origin = element.find("origin")
    roll, pitch, yaw = _vector(reader, origin, "rpy", (0.0, 0.0, 0.0))
    matrix = trimesh.transformations.euler_matrix(roll, pitch, yaw, "sxyz")
    matrix[:3, 3] = _vector(reader, origin, "xyz", (0.0, 0.0, 0.0))
    return np.asarray(matrix, float)


def _vector(reader: _Reader, element: ET.Element | None, key: str, default: tuple[float, ...]) -> Array:
    text = None if element is None else element.get(key)
    if text is None:
        return np.array(default)
    try:
        values = np.array([float(v) for v in text.split()])
    except ValueError:
        values = np.zeros(0)
    if len(values) != len(default) or not np.isfinite(values).all():
        tag = "" if element is None else element.tag
        raise reader.wrong(f"<{tag} {key}={text!r}> should hold {len(default)} finite numbers.")
    return values


def _number(reader: _Reader, element: ET.Element | None, key: str, default: float) -> float:
    return float(_vector(reader, element, key, (default,))[0])


def _positive(reader: _Reader, name: str, shape: ET.Element, key: str) -> Array:
    values = _vector(reader, shape, key, (0.0, 0.0, 0.0) if key == "size" else (0.0,))
    if not np.all(values > 0):
        raise reader.wrong(f"the {shape.tag} of link {name!r} has {key} {shape.get(key)!r}.", "Sizes must be positive.")
    return values


def _color(reader: _Reader, material: ET.Element) -> tuple[float, float, float, float]:
    named = reader.materials.get(material.get("name", ""))
    color = material.find("color")
    if color is None:
        return named or (0.7, 0.7, 0.72, 1.0)
    r, g, b, a = (float(v) for v in _vector(reader, color, "rgba", (0.7, 0.7, 0.7, 1.0)))
    return (r, g, b, a)
