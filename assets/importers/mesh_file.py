"""Read OBJ, GLB, glTF, STL and PLY into visuals: meshes with their colour or base-colour texture, as in the file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image
from trimesh.resolvers import Resolver

from assets.importers.intake import EXPORT_AGAIN, check_count, contained, kind_of, refuse
from assets.package import Visual

Array = NDArray[np.float64]
TEXTURE = 512  # pixels
GREY = (0.7, 0.7, 0.72, 1.0)
MESH_KINDS = ("obj", "glb", "gltf", "stl", "ply")


def read_mesh_file(path: Path) -> list[Visual]:
    """The meshes of a file in its own units and axes; raises InvalidInputError naming what is wrong."""
    kind = kind_of(path)
    if kind not in MESH_KINDS:
        raise refuse(path, f"a mesh was expected, its ending is {path.suffix!r}.", f"Allowed: {', '.join(MESH_KINDS)}.")
    found = [visual_of(mesh) for mesh in _meshes(path, kind)]
    check_meshes(path, found)
    return found


def check_meshes(path: Path, visuals: Iterable[Visual]) -> None:
    """Refuse what is no solid's surface: no faces, too many, or coordinates that are not numbers."""
    meshes = [v.mesh for v in visuals]
    faces = sum(len(m.faces) for m in meshes)
    if not faces:
        raise refuse(path, "it holds no faces, so it is not a mesh.", "Export triangles, not points or curves.")
    check_count(path, faces)
    bad = sum(int((~np.isfinite(m.vertices)).any(axis=1).sum()) for m in meshes)
    if bad:
        raise refuse(path, f"{bad} of its vertices are NaN or infinite.", EXPORT_AGAIN)
    if any(m.faces.min(initial=0) < 0 or m.faces.max(initial=0) >= len(m.vertices) for m in meshes):
        raise refuse(path, "its faces refer to vertices that are not there.", EXPORT_AGAIN)
    if faces < 4:
        raise refuse(path, f"it has {faces} faces; a closed solid needs at least 4.", "Export the whole surface.")


def visual_of(mesh: trimesh.Trimesh) -> Visual:
    """A mesh with its texture where it has one and coordinates for it, else with its mean colour."""
    material = getattr(mesh.visual, "material", None)
    uv, image = getattr(mesh.visual, "uv", None), _image(material)
    bare = trimesh.Trimesh(np.asarray(mesh.vertices, float), mesh.faces, process=False)
    if uv is not None and image is not None and len(uv) == len(bare.vertices) and np.isfinite(uv).all():
        return Visual(bare, np.asarray(uv, float), small_texture(image))
    return Visual(bare, color=_color(mesh, material))


def small_texture(image: Image.Image) -> NDArray[np.uint8]:
    """(height, width, 3) with the longer side at most 512 pixels."""
    rgb = image.convert("RGB")
    rgb.thumbnail((TEXTURE, TEXTURE), Image.Resampling.LANCZOS)
    return np.asarray(rgb, np.uint8)


def _meshes(path: Path, kind: str) -> list[trimesh.Trimesh]:
    """All meshes with the scene's transforms applied."""
    options: dict[str, Any] = {"group_material": True} if kind == "obj" else {}
    try:
        with path.open("rb") as file:
            scene = trimesh.load_scene(file, kind, resolver=_Contained(path.parent), process=False, **options)
        parts = scene.dump()
    except OSError as error:
        raise refuse(path, f"it cannot be read ({error.strerror}).", "Check its permissions.") from error
    except Exception as error:  # parsers fail in as many ways as files are broken; each means the same to the user
        raise refuse(path, f"it cannot be parsed ({type(error).__name__}: {error}).", EXPORT_AGAIN) from error
    return [p for p in parts if isinstance(p, trimesh.Trimesh) and len(p.faces)]


class _Contained(Resolver):
    """Hands the parser what lies below a folder and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> bytes:
        return contained(key, self._folder, of=self._folder).read_bytes()

    def keys(self) -> list[str]:
        return []

    def write(self, name: str, data: bytes) -> None:
        raise NotImplementedError("Imports never write beside their source.")

    def namespaced(self, namespace: str) -> Resolver:
        return _Contained(self._folder / namespace)


def _image(material: object) -> Image.Image | None:
    for name in ("image", "baseColorTexture"):
        image = getattr(material, name, None)
        if isinstance(image, Image.Image):
            return image
    return None


def _color(mesh: trimesh.Trimesh, material: object) -> tuple[float, float, float, float]:
    for name in ("baseColorFactor", "diffuse"):
        value = getattr(material, name, None)
        if value is not None:
            return _rgba(np.asarray(value, float))
    if getattr(mesh.visual, "kind", None) in ("vertex", "face"):
        colors = getattr(mesh.visual, "vertex_colors", None)
        return _rgba(np.asarray(colors, float).mean(axis=0))
    return GREY


def _rgba(value: Array) -> tuple[float, float, float, float]:
    """A colour of three or four values in [0, 1] or [0, 255]."""
    scaled = value / 255 if value.max(initial=0) > 1 else value
    r, g, b = (float(v) for v in scaled[:3])
    return (r, g, b, float(scaled[3]) if len(scaled) > 3 else 1.0)
