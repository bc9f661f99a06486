"""Sweet Home 3D importer: one entry of a furniture library (``*.sh3f``) becomes an asset draft in metres, z up."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image
from trimesh.resolvers import ZipResolver

from assets.annotation.boxes import aligned_box
from assets.annotation.describe import describe
from assets.annotation.solids import Solids
from assets.draft import Draft
from assets.importers.convex import decompose
from assets.importers.meshes import convex_hull, decimate, joined, shade
from assets.importers.panda import GRIPPER
from assets.importers.pieces import pressed
from assets.materials import Form, prior_mass
from assets.package import Body, Piece, Visual
from pipeline.core.asset import Affordance, Licence
from pipeline.core.errors import AssetError, UnknownNameError
from pipeline.core.geometry import Vec3

Array = NDArray[np.float64]
FACES = 5000
TEXTURES = (512, 384, 256)  # pixels of the longer side; the largest that stays light is taken
LIGHT = 150_000  # bytes of the compressed image
LICENCES = {
    "BlendSwap-CC-0": "CC0-1.0",
    "BlendSwap-CC-BY": "CC-BY-3.0",
    "Scopia": "CC-BY-3.0",
    "KatorLegaz": "CC-BY-3.0-US",
}
DEFAULT_FOLDER = Path("/usr/share/sweethome3d/furniture")
Y_UP_TO_Z_UP = np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])


@dataclass(frozen=True)
class SweetHomeItem:
    """Which entry to take and what the catalogue does not say of it; ``model`` is the OBJ's file name, no suffix."""

    name: str
    library: str
    model: str
    noun: str
    category: str
    mass: float | None  # kg; None: by the material prior
    affordances: tuple[Affordance, ...]
    scale: float = 1.0
    stretch: Vec3 = (1.0, 1.0, 1.0)  # further scale along x, y, z after turning up
    turn: Vec3 = (0.0, 0.0, 0.0)  # degrees about x, y, z in the resting frame, for what lies on its side
    solid: Literal["convex", "hull", "box"] = "convex"  # decompose, wrap once, or bound
    threshold: float = 0.08
    pieces: int = 16
    faces: int = 2500  # that the decomposition sees
    material: str = "plastic"
    form: Form = "solid"  # how the prior weighs it
    colors: tuple[
        tuple[str, tuple[float, float, float, float]], ...
    ] = ()  # material name -> colour, replaces the file's


def import_sweethome(item: SweetHomeItem, libraries: Path = DEFAULT_FOLDER) -> Draft:
    """The draft of one entry; raises AssetError when the library is not installed."""
    path = libraries / f"{item.library}.sh3f"
    if not path.exists():
        raise AssetError(
            f"Asset {item.name!r}: no furniture library {str(path)!r}. Install the Debian package "
            "'sweethome3d-furniture' (1.8), or unpack it and pass its folder with --sweethome."
        )
    with zipfile.ZipFile(path) as archive:
        entry = _entry(archive, item)
        parts = _load(archive, entry["model"].lstrip("/"))
    _to_rest(list(parts.values()), entry, item)
    ratio = FACES / sum(len(m.faces) for m in parts.values())
    visuals = [_visual(name, mesh, item, max(50, int(ratio * len(mesh.faces)))) for name, mesh in parts.items()]
    pieces = _pieces(item, parts)
    geometry = describe(pieces, [v.mesh for v in visuals], item.affordances, gripper=GRIPPER)
    return Draft(
        name=item.name,
        category=item.category,
        noun=item.noun,
        bodies={"": Body(visuals, pieces, _mass(item, pieces))},
        geometry={"": geometry},
        affordances=item.affordances,
        licence=_licence(item, entry),
        material=item.material,
    )


def _mass(item: SweetHomeItem, pieces: list[Piece]) -> float:
    if item.mass is not None:
        return item.mass
    solids = [trimesh.Trimesh(p, process=False) for p in Solids.of(pieces).pieces]
    return round(prior_mass(item.material, solids, item.form), 3)


def _entry(archive: zipfile.ZipFile, item: SweetHomeItem) -> dict[str, str]:
    """The catalogue's ``key#N=value`` lines of the entry whose model file has the wanted name."""
    entries: dict[str, dict[str, str]] = {}
    for line in archive.read("PluginFurnitureCatalog.properties").decode("latin-1").splitlines():
        if match := re.match(r"(\w+)#(\d+)\s*=\s*(.*)", line):
            entries.setdefault(match[2], {})[match[1]] = match[3]
    by_model = {Path(e["model"]).stem: e for e in entries.values() if "model" in e}
    if item.model not in by_model:
        raise UnknownNameError(f"model of {item.library}", item.model, by_model)
    return by_model[item.model]


def _load(archive: zipfile.ZipFile, model: str) -> dict[str, trimesh.Trimesh]:
    """Meshes by material name, as in the file."""
    folder = str(Path(model).parent)
    names = [n for n in archive.namelist() if n.startswith(folder + "/") and not n.endswith("/")]
    files = {n[len(folder) + 1 :]: io.BytesIO(archive.read(n)) for n in names}
    resolver = ZipResolver(files)
    scene = trimesh.load_scene(
        io.BytesIO(archive.read(model)), file_type="obj", resolver=resolver, process=False, group_material=True
    )
    return {name: mesh for name, mesh in scene.geometry.items() if isinstance(mesh, trimesh.Trimesh)}


def _to_rest(parts: list[trimesh.Trimesh], entry: dict[str, str], item: SweetHomeItem) -> None:
    """In place: turn up, scale to the catalogue's centimetres, footprint centred on the origin, bottom at 0."""
    rotation = np.eye(4)
    if "modelRotation" in entry:
        rotation[:3, :3] = np.array(entry["modelRotation"].split(), float).reshape(3, 3)
    turn = trimesh.transformations.euler_matrix(*np.radians(item.turn))
    _apply(parts, Y_UP_TO_Z_UP @ rotation)
    low, high = _extent(parts)
    size = np.array([float(entry[k]) for k in ("width", "depth", "height")]) / 100
    factors = size / np.maximum(high - low, 1e-9) * item.scale
    _apply(parts, turn @ np.diag([*factors, 1.0]))
    _apply(parts, np.diag([*item.stretch, 1.0]))
    low, high = _extent(parts)
    _apply(parts, trimesh.transformations.translation_matrix([*(-(low + high) / 2)[:2], -low[2]]))


def _apply(parts: list[trimesh.Trimesh], matrix: Array) -> None:
    for part in parts:
        part.apply_transform(matrix)


def _extent(parts: list[trimesh.Trimesh]) -> tuple[Array, Array]:
    bounds = np.array([p.bounds for p in parts])
    return bounds[:, 0].min(axis=0), bounds[:, 1].max(axis=0)


def _pieces(item: SweetHomeItem, parts: dict[str, trimesh.Trimesh]) -> list[Piece]:
    """Collision pieces, their feet pressed onto the table."""
    whole = joined(list(parts.values()))
    if item.solid == "box":
        return [aligned_box(*whole.bounds)]
    if item.solid == "hull":
        return [pressed(convex_hull(whole.vertices))]
    found = decompose(whole, threshold=item.threshold, pieces=item.pieces, faces=item.faces)
    return [pressed(p) for p in found]


def _visual(name: str, mesh: trimesh.Trimesh, item: SweetHomeItem, faces: int) -> Visual:
    material = getattr(mesh.visual, "material", None)
    image, uv = getattr(material, "image", None), getattr(mesh.visual, "uv", None)
    color = dict(item.colors).get(getattr(material, "name", name))
    if color is None and image is not None and uv is not None:
        if len(mesh.faces) > FACES:
            raise AssetError(
                f"Asset {item.name!r}: {len(mesh.faces)} textured faces, allowed {FACES}. Take another model."
            )
        return Visual(mesh, np.asarray(uv, float), _texture(image))
    return Visual(shade(decimate(mesh, faces)), color=color or _color(material))


def _color(material: object) -> tuple[float, float, float, float]:
    diffuse = np.asarray(getattr(material, "diffuse", (200, 200, 200, 255)), float) / 255
    r, g, b = (float(v) for v in diffuse[:3])
    return (r, g, b, float(diffuse[3]) if len(diffuse) > 3 else 1.0)


def _texture(image: Image.Image) -> NDArray[np.uint8]:
    """The picture at the largest of ``TEXTURES`` whose file stays below ``LIGHT``; the smallest if none does."""
    pixels = np.zeros((1, 1, 3), np.uint8)
    for size in TEXTURES:
        rgb = image.convert("RGB")
        rgb.thumbnail((size, size), Image.Resampling.LANCZOS)
        pixels = np.asarray(rgb, np.uint8)
        if len(zlib.compress(np.diff(pixels, axis=1).tobytes(), 9)) < LIGHT:
            break
    return pixels


def _licence(item: SweetHomeItem, entry: dict[str, str]) -> Licence:
    return Licence(
        spdx=LICENCES[item.library],
        author=entry.get("creator", "unknown"),
        source=f"Sweet Home 3D furniture library {item.library} 1.8, model {entry['name']!r} ({item.model})",
        note="Scaled, turned z up, decimated; convex pieces, mass and annotations added.",
    )
