"""Pictures of assets and robots: portraits, views for a model that annotates, and a contact sheet of the library."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from assets.annotation.model import View, Views
from assets.importers.compiled import compile_asset, seen_extent
from assets.values import pose7
from flows.machine import rendering_environment
from flows.stages import make_simulator
from pipeline.core.asset import AssetSpec
from pipeline.core.camera import CameraSpec
from pipeline.core.doors import Catalog
from pipeline.core.geometry import Vec3
from pipeline.core.poses import inverse, look_at, transform_points
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import Light, Placement, SceneSpec
from pipeline.core.world import Frames

Picture = NDArray[np.uint8]
FOVY, MARGIN = 32.0, 1.08  # degrees; room around what is shown
FRONT, ABOVE = 215.0, 28.0  # degrees; fixtures face -x, so this is from their front and right
SIDES = {"front": 215.0, "right": 305.0, "back": 35.0, "left": 125.0}
APART, ABREAST = 30.0, 12  # m between things that must not see each other, along y; things in one scene
ASIDE = (-200.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)  # behind every far plane
LIGHTS = (
    Light(direction=(0.5, 0.35, -0.79), intensity=0.55),
    Light(direction=(0.3, -0.8, -0.5), intensity=0.25),
)
NO_FLOOR = -100.0  # m; beyond every far plane: things are shown before the sky
COLUMNS, TILE, CAPTION = 10, 180, 30  # tiles in a row; pixels


@dataclass(frozen=True)
class _Subject:
    name: str
    centre: Vec3  # m, world
    radius: float  # m


def portraits(specs: Sequence[AssetSpec], catalog: Catalog, *, size: int = 480) -> dict[str, Picture]:
    """One picture (size, size, 3) of each asset from its front, right and above; raises RenderingError."""
    found = dict[str, Picture]()
    for first in range(0, len(specs), ABREAST):
        group = specs[first : first + ABREAST]
        placements = [_placed(s, APART * k) for k, s in enumerate(group)]
        cameras = [_camera(p.name, _subject(p, catalog), azimuth=FRONT, size=size) for p in placements]
        frames, _ = _render(placements, cameras, catalog)
        found |= {s.name: _rgb(frames[s.name]) for s in group}
    return found


def robot_portrait(robot: RobotSpec, catalog: Catalog, *, size: int = 480) -> Picture:
    """A picture of a robot in its home pose."""
    subject = _Subject(robot.name, (0.25, 0.0, 0.4 * min(robot.reach, 1.0)), 0.62 * robot.reach)
    frames, _ = _render([], [_camera(robot.name, subject, azimuth=305.0, size=size)], catalog, robot=robot)
    return _rgb(frames[robot.name])


def views_of(spec: AssetSpec, catalog: Catalog, *, size: int = 384) -> Views:
    """Four sides and the top, with the place of every pixel that shows the asset in its base frame."""
    placement = _placed(spec, 0.0)
    subject = _subject(placement, catalog)
    cameras = [_camera(name, subject, azimuth=a, size=size) for name, a in SIDES.items()]
    cameras.append(_camera("top", subject, azimuth=FRONT, elevation=85.0, size=size))
    frames, origins = _render([placement], cameras, catalog, channels=("rgb", "points", "segmentation"))
    back = inverse(np.array(placement.pose))
    made = tuple(View(name, png_bytes(_rgb(f)), _own_points(f, back)) for name, f in frames.items())
    return Views(
        made, MappingProxyType({k: _vec(transform_points(back, np.array([v]))[0]) for k, v in origins.items()})
    )


def contact_sheet(
    specs: Sequence[AssetSpec],
    robots: Sequence[RobotSpec],
    catalog: Catalog,
    *,
    report: Callable[[int], None] = lambda done: None,
) -> Image.Image:
    """All robots and assets with names and sizes; ``report`` is told how many are done."""
    tiles = list[tuple[Picture, str, str]]()
    for robot in robots:
        tiles.append((robot_portrait(robot, catalog, size=2 * TILE), robot.name, f"reach {robot.reach:g} m"))
        report(len(tiles))
    for first in range(0, len(specs), ABREAST):
        group = specs[first : first + ABREAST]
        pictures = portraits(group, catalog, size=2 * TILE)
        tiles += [(pictures[s.name], s.name, size_text(s)) for s in group]
        report(len(tiles))
    return _sheet(tiles)


def size_text(spec: AssetSpec) -> str:
    """Width, depth and height of all links, in centimetres."""
    half = spec.links[""].bounds.half
    return " x ".join(f"{200 * h:.3g}" for h in half) + " cm"


def png_bytes(picture: Picture) -> bytes:
    """The picture as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def save_picture(picture: Picture, path: Path) -> None:
    """Write a PNG, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png_bytes(picture))


def _render(
    placements: Sequence[Placement],
    cameras: Sequence[CameraSpec],
    catalog: Catalog,
    *,
    robot: RobotSpec | None = None,
    channels: Sequence[str] = ("rgb",),
) -> tuple[dict[str, Frames], dict[str, Vec3]]:
    """Frames by camera, and for a single placement where its links are in the world [m]."""
    os.environ.update(rendering_environment("mujoco"))
    shown = robot or catalog.robot(catalog.robots[0])
    bare = shown.model_copy(update={"cameras": ()})
    scene = SceneSpec(
        task="portrait",
        robot=bare,
        robot_pose=ASIDE if robot is None else (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0),
        robot_start=(*shown.home, shown.gripper.max_width, *shown.others_home),
        placements=tuple(placements),
        cameras=tuple(cameras),
        lights=LIGHTS,
        ambient=0.45,
        floor_height=NO_FLOOR,
    )
    simulator = make_simulator("mujoco", catalog)
    try:
        state = simulator.load([scene])
        frames = simulator.render([c.name for c in cameras], channels)  # type: ignore[arg-type]
    finally:
        simulator.close()
    origins = dict[str, Vec3]()
    if len(placements) == 1:
        name, links = placements[0].name, placements[0].asset.links
        origins = {link: _vec(state.body(f"{name}/{link}" if link else name)[0, :3]) for link in links}
    return dict(frames), origins


def _placed(spec: AssetSpec, y: float) -> Placement:
    return Placement(name=spec.name, asset=spec, pose=(0.0, y, 0.0, 1.0, 0.0, 0.0, 0.0))


def _subject(placement: Placement, catalog: Catalog) -> _Subject:
    spec = placement.asset
    low, high = seen_extent(compile_asset(spec, catalog.folder(spec)))
    centre = np.array(placement.pose[:3]) + (low + high) / 2
    return _Subject(spec.name, _vec(centre), float(np.linalg.norm(high - low)) / 2)


def _camera(name: str, subject: _Subject, *, azimuth: float, size: int, elevation: float = ABOVE) -> CameraSpec:
    distance = MARGIN * subject.radius / np.sin(np.radians(FOVY / 2))
    around, up = np.radians(azimuth), np.radians(elevation)
    away = np.array([np.cos(around) * np.cos(up), np.sin(around) * np.cos(up), np.sin(up)])
    seen = look_at(np.array(subject.centre) + distance * away, np.array(subject.centre))
    return CameraSpec(name=name, pose=pose7(seen[:3], seen[3:]), width=size, height=size, fovy=FOVY, far=20.0)


def _own_points(frames: Frames, back: NDArray[np.float64]) -> NDArray[np.float32]:
    """Points in the asset's base frame; NaN where the floor, the sky or the robot is seen."""
    assert frames.points is not None
    assert frames.segmentation is not None
    points, columns = frames.points[0], frames.segmentation[0]
    local = transform_points(back, points.reshape(-1, 3).astype(float)).reshape(points.shape)
    return np.where((columns >= 4)[..., None], local, np.nan).astype(np.float32)  # robot, fingers and floor come first


def _rgb(frames: Frames) -> Picture:
    assert frames.rgb is not None
    return frames.rgb[0]


def _vec(values: NDArray[np.floating]) -> Vec3:
    x, y, z = (float(v) for v in values)
    return (x, y, z)


def _sheet(tiles: Sequence[tuple[Picture, str, str]]) -> Image.Image:
    rows = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * TILE, rows * (TILE + CAPTION)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for k, (picture, name, size) in enumerate(tiles):
        x, y = (k % COLUMNS) * TILE, (k // COLUMNS) * (TILE + CAPTION)
        sheet.paste(Image.fromarray(picture).resize((TILE, TILE), Image.Resampling.LANCZOS), (x, y))
        draw.text((x + 4, y + TILE + 2), name, "black", font)
        draw.text((x + 4, y + TILE + 15), size, "gray", font)
    return sheet
