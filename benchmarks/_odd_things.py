"""Five things that nobody annotated: mesh files made by rule, imported as any user's files would be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from trimesh.visual import ColorVisuals, TextureVisuals
from trimesh.visual.material import SimpleMaterial

from assets.importers.files import ImportOptions, import_file
from assets.install import install
from pipeline.core.asset import AssetSpec

Mesh = trimesh.Trimesh
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class OddThing:
    """A mesh by rule in m, z up, the kind of file that it is written as, and the colour in it, if it can have one."""

    name: str
    kind: str
    colour: Colour | None
    make: Callable[[], Mesh]

    def write(self, folder: Path) -> Path:
        """The mesh as a file; nothing but triangles and a colour is in it."""
        mesh, path = self.make(), folder / f"{self.name}.{self.kind}"
        if self.colour is not None:
            paint = (*self.colour, 255)
            plain = TextureVisuals(material=SimpleMaterial(diffuse=paint))
            mesh.visual = ColorVisuals(mesh, vertex_colors=paint) if self.kind == "ply" else plain
        if self.kind == "glb":  # glTF has y up
            mesh.apply_transform(trimesh.transformations.rotation_matrix(-np.pi / 2, (1, 0, 0)))
        folder.mkdir(parents=True, exist_ok=True)
        mesh.export(path)
        return path


def vase() -> Mesh:
    """Lathe-turned: a foot, a belly of 6.4 cm, a neck and an open mouth, 11 cm high."""
    outside = [(0, 0), (0.022, 0), (0.024, 0.006), (0.032, 0.035), (0.030, 0.055), (0.017, 0.085), (0.021, 0.110)]
    inside = [(0.018, 0.110), (0.013, 0.085), (0.026, 0.055), (0.027, 0.035), (0.015, 0.010), (0, 0.008)]
    return trimesh.creation.revolve(np.array([*outside, *inside]), sections=40)


def bracket() -> Mesh:
    """An angle of two bars, 8 and 6 cm long, 1.2 cm thick and 3.2 cm wide, that lies on its side; two bodies."""
    t, wide = 0.012, 0.032
    long = trimesh.creation.box(bounds=((0, 0, 0), (0.08, t, wide)))
    short = trimesh.creation.box(bounds=((0, t, 0), (t, 0.06, wide)))
    return Mesh(np.concatenate([long.vertices, short.vertices]), np.concatenate([long.faces, short.faces + 8]))


def dumbbell() -> Mesh:
    """Two six-sided heads 5 cm across on a bar 2 cm thick, 12 cm long, that lies on two faces."""
    head, bar, half = 0.028, 0.011, 0.06
    profile = [
        (0, -half),
        (head, -half),
        (head, -0.03),
        (bar, -0.03),
        (bar, 0.03),
        (head, 0.03),
        (head, half),
        (0, half),
    ]
    mesh = trimesh.creation.revolve(np.array(profile), sections=6)
    mesh.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 6, (0, 0, 1)))
    mesh.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, (0, 1, 0)))
    return mesh


def leaning_prism() -> Mesh:
    """A five-sided prism, 6 cm across and 7 cm high, that leans by 15 degrees."""
    mesh = trimesh.creation.cylinder(0.03, 0.07, sections=5)
    shear = np.eye(4)
    shear[0, 2] = np.tan(np.deg2rad(15.0))
    mesh.apply_transform(shear)
    return mesh


def ring() -> Mesh:
    """A torus, 9 cm across, of 2.4 cm thickness: too wide to be taken but by its rim."""
    return trimesh.creation.torus(0.033, 0.012, major_sections=48, minor_sections=20)


THINGS = (
    OddThing("odd_vase", "ply", (60, 90, 190), vase),
    OddThing("odd_bracket", "stl", None, bracket),
    OddThing("odd_dumbbell", "obj", (40, 40, 45), dumbbell),
    OddThing("odd_prism", "glb", (230, 150, 40), leaning_prism),
    OddThing("odd_ring", "obj", (190, 50, 120), ring),
)


def imported(thing: OddThing, files: Path, library: Path) -> AssetSpec:
    """The card of a thing, imported from its file with nothing said of it but the unit of length."""
    got = import_file(thing.write(files), ImportOptions(name=thing.name, unit="m"))
    return install(got.draft, library)
