"""References: what the catalogue's meshes say an object looks like: the palette and size to match clusters to."""

from __future__ import annotations

import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from demo_solvers.path3d.clouds import Array, lab
from pipeline.core import poses
from pipeline.core.doors import Catalog
from pipeline.core.errors import AssetError, UnknownNameError
from pipeline.core.streams import stream

SAMPLES = 1500  # points drawn on a link's surface
PITCH, MOST_DENSE = 0.008, 12_000  # m between points of a dense drawing, and how many of them a link has at most
COLOURS = 4  # of a palette, at most
LIGHTNESS = 0.30  # weight of L against a and b: light falls differently on every side
MIDDLE, DARKEST = 50.0, 20.0  # L at which chroma counts as it is, and what keeps dark colours from counting too much
MERGED = 6.0  # of weighted Lab between colours that count as one


@dataclass(frozen=True, eq=False)
class Hinge:
    """How a link of a drawing moves: a joint with its range, in the frame of the base at zero position."""

    kind: str  # "prismatic" or "revolute"
    axis: Array  # (3,)
    anchor: Array  # (3,)  m
    lower: float  # m or rad
    upper: float
    opens: str  # the end at which it is open


@dataclass(frozen=True, eq=False)
class Reference:
    """One link as drawn: points (n, 3) m and colours (n, 3) in the frame of the asset's base at zero position."""

    name: str
    points: Array
    colours: Array
    palette: Array  # (k, 3) weighted Lab
    weights: Array  # (k,) that sum to 1
    hinge: Hinge | None = None
    size: Array | None = None
    """(3,) m where something else than the points tells it; NaN where nothing does."""

    @property
    def extents(self) -> Array:
        """Sizes (3,) m along the drawing's axes; NaN where they are not known."""
        return np.ptp(self.points, axis=0) if self.size is None else self.size


def weighted(colours: Array) -> Array:
    """Colours (n, 3) in [0, 1] as Lab with little weight on lightness, by which chroma is divided.

    Of a thing's sides, those that the light does not reach are darker and less colourful in the same proportion.
    """
    values = lab(colours)
    chroma = values[..., 1:] * (MIDDLE + DARKEST) / (values[..., :1] + DARKEST)
    return np.concatenate([LIGHTNESS * values[..., :1], chroma], axis=-1)


def palette_of(colours: Array) -> tuple[Array, Array]:
    """The few colours (k, 3) weighted Lab that make up ``colours`` (n, 3), and their shares (k,)."""
    values = weighted(colours)
    centres, mine = grouped(values, min(COLOURS, len(values)))
    share = np.bincount(mine, minlength=len(centres)) / len(values)
    order = [i for i in np.argsort(-share) if share[i] > 0.02 and np.isfinite(centres[i]).all()]
    kept: list[Array] = []
    weight: list[float] = []
    for i in order:
        gaps = [float(np.linalg.norm(centres[i] - c)) for c in kept]
        if gaps and min(gaps) < MERGED:
            weight[int(np.argmin(gaps))] += float(share[i])
        else:
            kept.append(centres[i])
            weight.append(float(share[i]))
    total = sum(weight)
    return np.array(kept), np.array(weight) / total


def grouped(values: Array, k: int) -> tuple[Array, NDArray[np.int64]]:
    """``k`` centres of values (n, d) and the nearest of them for each, the same for equal values (k-means++)."""
    if k < 2:
        return values[:1], np.zeros(len(values), np.int64)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of fewer different values than centres; those are then empty
        centres, mine = kmeans2(values, k, minit="++", rng=stream(0, "colours", k), missing="warn")
    return np.asarray(centres), np.asarray(mine, np.int64)


class References:
    """References of catalogue entries, drawn once a process; where ``pictures`` has a folder of a name, from those."""

    def __init__(self, catalog: Catalog, *, pictures: Path | None = None) -> None:
        self.catalog, self.pictures = catalog, pictures
        self._read = lru_cache(maxsize=256)(self._drawn)
        self._dense = lru_cache(maxsize=64)(self._drawn_densely)
        self._seen = lru_cache(maxsize=256)(self._pictured)

    def of(self, asset: str, link: str = "") -> Reference:
        """The reference of a link of an asset; raises :class:`UnknownNameError`."""
        if not link and (seen := self._seen(asset)) is not None:
            return seen
        links = self._read(asset)
        if link not in links:
            raise UnknownNameError(f"link of {asset}", link, tuple(links))
        return links[link]

    def links(self, asset: str) -> tuple[str, ...]:
        """Names of an asset's links, the base first."""
        return tuple(self._read(asset))

    def noun_of(self, asset: str) -> str:
        """What an instruction calls an asset, as its pictures' folder says or the catalogue; '' where none does."""
        if self.pictures is not None and (self.pictures / asset).is_dir():
            from demo_solvers.path3d.pictures import album_of

            if noun := album_of(self.pictures / asset).noun:
                return noun
        try:
            return self.catalog.asset(asset).noun
        except UnknownNameError:
            return ""

    def dense(self, asset: str, link: str = "") -> Array:
        """Points (n, 3) m of a link as it is drawn, near enough to each other to tell how a large thing stands."""
        return self._dense(asset)[link]

    def _pictured(self, asset: str) -> Reference | None:
        if self.pictures is None or not (self.pictures / asset).is_dir():
            return None
        from demo_solvers.path3d.pictures import pictured

        return pictured(self.pictures / asset)

    def _drawn(self, asset: str) -> dict[str, Reference]:
        spec = self.catalog.asset(asset)
        joints = {j.link: j for j in spec.joints}
        found = dict[str, Reference]()
        for link, points, colours in self._links(asset):
            joint, hinge = joints.get(link), None
            if joint is not None:
                hinge = Hinge(
                    joint.kind, np.array(joint.axis), np.array(joint.anchor), joint.lower, joint.upper, joint.opens
                )
            name = f"{asset}/{link}" if link else asset
            found[link] = Reference(name, points, colours, *palette_of(colours), hinge)
        if "" not in found:
            raise AssetError(f"Asset {asset!r} has no mesh that can be seen, so nothing can be matched to it.")
        return found

    def _drawn_densely(self, asset: str) -> dict[str, Array]:
        return {link: points for link, points, _ in self._links(asset, pitch=PITCH)}

    def _links(self, asset: str, *, pitch: float | None = None) -> Iterator[tuple[str, Array, Array]]:
        """Name, points (n, 3) and colours (n, 3) of every link that can be seen, the base's name being empty."""
        spec = self.catalog.asset(asset)
        folder = self.catalog.folder(spec)
        root = ET.fromstring((folder / spec.model).read_bytes())
        looks = _looks(root, folder)

        def visit(body: ET.Element, link: str, at: Array) -> Iterator[tuple[str, Array, Array]]:
            points, colours = _surface(body, looks, at, pitch=pitch)
            if len(points):
                yield link, points, colours
            for child in body.findall("body"):
                yield from visit(child, child.get("name", ""), poses.compose(at, _pose(child)))

        base = next(b for b in root.iter("body") if b.get("name") == "base")
        yield from visit(base, "", np.array(poses.IDENTITY_POSE))


@dataclass(frozen=True, eq=False)
class _Look:
    """A visual mesh's file, its plain colour (3,) and, where it has one, its texture (h, w, 3)."""

    path: Path
    colour: Array
    texture: Array | None


def _looks(root: ET.Element, folder: Path) -> dict[str, _Look]:
    textures = {t.get("name"): _picture(folder / t.get("file", "")) for t in root.iter("texture") if t.get("file")}
    materials = {}
    for m in root.iter("material"):
        rgba = [float(v) for v in m.get("rgba", "1 1 1 1").split()]
        materials[m.get("name", "")] = np.array(rgba[:3]), textures.get(m.get("texture"))
    files = {m.get("name", ""): m.get("file", "") for m in root.iter("mesh")}
    found = {}
    for geom in root.iter("geom"):
        mesh, material = geom.get("mesh"), geom.get("material")
        if mesh is not None and material in materials:
            colour, texture = materials[material]
            found[mesh] = _Look(folder / files[mesh], colour, texture)
    return found


def _surface(
    body: ET.Element, looks: dict[str, _Look], at: Array, *, pitch: float | None = None
) -> tuple[Array, Array]:
    """Points (n, 3) drawn evenly over the visual meshes of one body and their colours (n, 3).

    There are ``SAMPLES`` of them, or with ``pitch`` as many more as lie so far (m) apart.
    """
    pieces = [(looks[g.get("mesh", "")], _pose(g)) for g in body.findall("geom") if g.get("mesh") in looks]
    if not pieces:
        return np.zeros((0, 3)), np.zeros((0, 3))
    try:
        from assets.importers.meshes import read_msh
    except ImportError as error:
        raise AssetError("Reading meshes needs trimesh: pip install 'taskloom[assets]'.") from error
    triangles, areas, read = [], [], []
    for look, place in pieces:
        mesh, uv = read_msh(look.path)
        vertices = poses.transform_points(poses.compose(at, place), np.asarray(mesh.vertices, float))
        faces = np.asarray(mesh.faces)
        corner = vertices[faces]
        triangles.append(corner)
        areas.append(np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1) / 2)
        read.append((look, faces, uv))
    owner = np.concatenate([np.full(len(a), i) for i, a in enumerate(areas)])
    area, rng = np.concatenate(areas), stream(0, "reference")
    count = SAMPLES if pitch is None else int(np.clip(area.sum() / pitch**2, SAMPLES, MOST_DENSE))
    which = rng.choice(len(area), count, p=area / area.sum())
    a, b = np.sqrt(rng.random(count)), rng.random(count)
    weights = np.stack([1 - a, a * (1 - b), a * b], axis=1)
    points = np.einsum("nk,nkd->nd", weights, np.concatenate(triangles)[which])
    first = np.cumsum([0, *(len(x) for x in areas)])
    colours = np.empty((count, 3))
    for i, (look, faces, uv) in enumerate(read):
        mine = owner[which] == i
        colours[mine] = look.colour
        if look.texture is not None and uv is not None:
            at_uv = np.einsum("nk,nkd->nd", weights[mine], uv[faces[which[mine] - first[i]]])
            height, width = look.texture.shape[:2]
            column = np.clip((at_uv[:, 0] % 1.0) * width, 0, width - 1).astype(int)
            line = np.clip((1.0 - at_uv[:, 1] % 1.0) * height, 0, height - 1).astype(int)
            colours[mine] = look.texture[line, column] * look.colour
    return points, colours


def _picture(path: Path) -> Array:
    try:
        from PIL import Image
    except ImportError as error:
        raise AssetError("Reading textures needs Pillow: pip install 'taskloom[llm]'.") from error
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), float) / 255.0


def _pose(element: ET.Element) -> Array:
    position = [float(v) for v in element.get("pos", "0 0 0").split()]
    quat = [float(v) for v in element.get("quat", "1 0 0 0").split()]
    return poses.pose(position, np.array(quat) / np.linalg.norm(quat))
