"""Reference pictures: what a thing looks like from a folder of RGB(-D) images of it, in the place of a mesh.

A folder holds PNGs: ``NAME.png`` is a picture; beside it ``NAME_mask.png`` (not black: the thing) and
``NAME_depth.png`` (16 bit, mm along the optical axis) may lie. ``look.json``, an :class:`Album`, says what pictures
cannot: cameras, without which depth tells no size, or the size itself. Without a mask, an alpha channel tells the thing
from the background, and without that its colours, which then must not be those along the picture's edge.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from demo_solvers.path3d.clouds import Array
from demo_solvers.path3d.references import SAMPLES, Reference, grouped, palette_of, weighted
from pipeline.core import poses
from pipeline.core.errors import AssetError, InvalidInputError
from pipeline.core.files import write_atomically
from pipeline.core.geometry import Frozen, Pose7, Vec3
from pipeline.core.seeing import View
from pipeline.core.streams import stream
from pipeline.core.world import Bools

LOOK = "look.json"
DEPTH, MASK = "_depth", "_mask"
BACKGROUND = 4  # colours that the edge of a picture is taken to have
APART = 14.0  # of weighted Lab between the thing and its background
FEWEST, MOST = 0.001, 0.95  # share of a picture that the thing takes
FAR = 0.15  # m, of a thing's points off the middle of them, beyond which depth is of something else
NEAREST = 0.05  # m

Camera = Annotated[tuple[float, float, float, float], Field(description="fx, fy, cx, cy in pixels")]


class Shot(Frozen):
    """One picture, and what goes with it; file names within the folder."""

    rgb: str
    depth: str | None = None
    mask: str | None = None
    intrinsics: Camera | None = None
    pose: Pose7 | None = Field(default=None, description="T_thing_camera, OpenCV convention, the thing's z up")

    @model_validator(mode="after")
    def _depth_has_a_camera(self) -> Shot:
        if self.depth is not None and (self.intrinsics is None or self.pose is None):
            raise ValueError(f"depth of {self.rgb!r} tells no size without intrinsics and a pose")
        for name in filter(None, (self.rgb, self.depth, self.mask)):
            if Path(name).name != name:
                raise ValueError(f"{name!r} is not a file name within the folder")
        return self


class Album(Frozen):
    """What a folder's ``look.json`` says."""

    version: Literal[1] = 1
    noun: str = Field(default="", description="what an instruction calls it")
    size: Vec3 | None = Field(default=None, description="m: longer and shorter level side, height; else from depth")
    shots: tuple[Shot, ...] = Field(min_length=1)


def album_of(folder: Path) -> Album:
    """What a folder shows; raises :class:`InvalidInputError` for one that holds no pictures or says nonsense."""
    look = folder / LOOK
    try:
        if look.is_file():
            return Album.model_validate_json(look.read_bytes())
        names = sorted(p.name for p in folder.glob("*.png") if not p.stem.endswith((DEPTH, MASK)))
        if not names:
            raise InvalidInputError(
                f"Folder {str(folder)!r} holds no picture. Put PNGs of the thing in it, or a {LOOK} that names them."
            )
        masks = {n: f"{Path(n).stem}{MASK}.png" for n in names}
        return Album(shots=tuple(Shot(rgb=n, mask=m if (folder / m).is_file() else None) for n, m in masks.items()))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise InvalidInputError(f"{str(look)!r}: {where}: {first['msg']}. Correct it.") from None
    except OSError as error:
        raise InvalidInputError(f"Cannot read {str(folder)!r} ({error.strerror}).") from error


def pictured(folder: Path) -> Reference:
    """The reference that a folder's pictures make: their palette, and the size where something tells it.

    Raises :class:`InvalidInputError` naming the picture that is of no use.
    """
    album = album_of(folder)
    seen = [_seen(folder, shot) for shot in album.shots]
    colours = np.concatenate([c for c, _ in seen])
    rng = stream(0, "pictures", len(colours))
    colours = colours[rng.choice(len(colours), min(SAMPLES, len(colours)), replace=False)]
    points = _level(np.concatenate([p for _, p in seen]))
    size = np.array(album.size) if album.size is not None else np.ptp(points, axis=0) if len(points) else None
    unknown = np.full(3, np.nan)
    return Reference(folder.name, points, colours, *palette_of(colours), size=unknown if size is None else size)


def save_pictures(
    folder: Path, views: Mapping[str, View], masks: Mapping[str, Bools], *, at: Pose7, noun: str = ""
) -> Album:
    """Keep what calibrated cameras saw of a thing that stands at T_world_thing ``at``, as its reference pictures.

    ``masks`` (height, width) say which pixels are the thing; world 0 of each view is kept.
    """
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    shots = list[Shot]()
    for name, view in views.items():
        if not masks[name].any():
            continue
        files = [f"{name}.png", f"{name}{DEPTH}.png", f"{name}{MASK}.png"]
        Image.fromarray(view.rgb[0]).save(folder / files[0])
        Image.fromarray(np.round(view.depth[0] * 1000).astype(np.uint16)).save(folder / files[1])
        Image.fromarray(masks[name].astype(np.uint8) * 255).save(folder / files[2])
        k, pose = view.intrinsics, poses.compose(poses.inverse(np.array(at)), view.pose[0])
        shots.append(
            Shot(
                rgb=files[0],
                depth=files[1],
                mask=files[2],
                intrinsics=(float(k[0, 0]), float(k[1, 1]), float(k[0, 2]), float(k[1, 2])),
                pose=tuple(float(v) for v in pose),  # type: ignore[arg-type]
            )
        )
    album = Album(noun=noun, shots=tuple(shots))
    write_atomically(folder / LOOK, album.model_dump_json(indent=1))
    return album


def _seen(folder: Path, shot: Shot) -> tuple[Array, Array]:
    """Colours (n, 3) of the thing's pixels, and where they are (m, 3) m in its frame; none without depth."""
    rgb, alpha = _rgb(folder / shot.rgb)
    mine = _mask(folder, shot, rgb, alpha)
    share = float(mine.mean())
    if not FEWEST <= share <= MOST:
        raise InvalidInputError(
            f"Picture {str(folder / shot.rgb)!r}: {share:.1%} of it would be the thing, allowed {FEWEST:.1%} to "
            f"{MOST:.0%}. Give a mask beside it ({Path(shot.rgb).stem}{MASK}.png), or another background."
        )
    if shot.depth is None or shot.intrinsics is None or shot.pose is None:
        return rgb[mine], np.zeros((0, 3))
    depth = _image(folder / shot.depth).astype(float) / 1000.0
    _check_shape(folder / shot.depth, depth, mine)
    v, u = np.nonzero(mine & (depth > NEAREST))
    fx, fy, cx, cy = shot.intrinsics
    z = depth[v, u]
    points = np.stack([(u + 0.5 - cx) / fx * z, (v + 0.5 - cy) / fy * z, z], axis=1)
    points = poses.transform_points(np.array(shot.pose), points)
    near = np.linalg.norm(points - np.median(points, axis=0), axis=1) < FAR if len(points) else np.zeros(0, bool)
    return rgb[mine], points[near]


def _mask(folder: Path, shot: Shot, rgb: Array, alpha: Array | None) -> Bools:
    """Which pixels (height, width) are the thing."""
    if shot.mask is not None:
        mask = _image(folder / shot.mask)
        _check_shape(folder / shot.mask, mask, rgb[..., 0])
        return np.asarray(mask > 0 if mask.ndim == 2 else (mask[..., :3] > 0).any(axis=2), bool)
    if alpha is not None and alpha.min() < 0.5:
        return alpha >= 0.5
    edge = np.concatenate([side.reshape(-1, 3) for side in (rgb[:2], rgb[-2:], rgb[:, :2], rgb[:, -2:])])
    behind, _ = grouped(weighted(edge), BACKGROUND)
    behind = behind[np.isfinite(behind).all(axis=1)]
    gap = np.linalg.norm(weighted(rgb.reshape(-1, 3))[:, None] - behind[None], axis=2).min(axis=1)
    return (gap > APART).reshape(rgb.shape[:2])


def _level(points: Array) -> Array:
    """Points (n, 3) turned about the vertical so that the smallest box around them lies along the axes."""
    if not len(points):
        return points
    angles = np.deg2rad(np.arange(0.0, 90.0, 3.0))
    flat = np.stack([poses.transform_points(poses.pose((0, 0, 0), poses.quat_from_yaw(a)), points) for a in angles])
    low, high = np.quantile(flat, 0.002, axis=1), np.quantile(flat, 0.998, axis=1)
    best = int(np.argmin(np.prod((high - low)[:, :2], axis=1)))
    kept = ((flat[best] >= low[best]) & (flat[best] <= high[best])).all(axis=1)
    return flat[best][kept]


def _rgb(path: Path) -> tuple[Array, Array | None]:
    """Colours (height, width, 3) in [0, 1], and the alpha channel where there is one."""
    data = _image(path)
    if data.ndim == 2:
        data = np.repeat(data[..., None], 3, axis=2)
    values = data.astype(float) / 255.0
    return values[..., :3], values[..., 3] if values.shape[2] == 4 else None


def _image(path: Path) -> NDArray[Any]:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise AssetError("Reading pictures needs Pillow: pip install 'taskloom[llm]'.") from error
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGBA") if image.mode == "P" else image)
    except (OSError, UnidentifiedImageError) as error:
        raise InvalidInputError(f"Picture {str(path)!r} cannot be read ({error}). Give a PNG.") from error


def _check_shape(path: Path, found: NDArray[Any], like: NDArray[Any]) -> None:
    if found.shape[:2] != like.shape[:2]:
        raise InvalidInputError(
            f"{str(path)!r} is {found.shape[1]} x {found.shape[0]} pixels, its picture {like.shape[1]} x "
            f"{like.shape[0]}. They have to be of the same size."
        )
