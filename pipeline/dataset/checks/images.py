"""What a camera recorded: something, something that moves when the robot does, from where its pose says.

Three checks of pose and picture: a camera rides where its card says it does; a picture does not stand still while the
tool moves through its view; and over the dataset pictures change when the world changes, not some frames later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.camera import CameraSpec
from pipeline.core.errors import DatasetError
from pipeline.core.poses import quat_to_matrix, to_matrix
from pipeline.dataset import layout
from pipeline.dataset.checks.problem import Problem
from pipeline.dataset.checks.stored import Stored
from pipeline.dataset.frames import camera_spec

DARKEST_CONTRAST = 8
"""An image whose brightest and darkest values differ by less than this (of 255) shows nothing."""
STILL_FRAMES, STILL_TRAVEL = 6, 0.05
"""A picture that is the same for so many frames, while the tool moves so far [m] through its view, is frozen."""
MOUNT_ERROR = 2e-3  # m, and as much in the entries of the rotation: float32 poses of a moving arm
LAGS = range(-4, 5)
LAG_PAIRS, LAG_GAIN, LAG_FIT = 60, 0.08, 0.35
"""Least pairs of frames to judge by; by how much a shift must fit better than none, and how well [correlation]."""
THINNED = 2
"""Every so many pixels are compared."""


def image_problems(episode: Stored) -> Iterator[Problem]:
    """Everything wrong with the pictures and camera poses of one episode."""
    for name, block in episode.arrays.items():
        camera = name.partition("_")[2]
        if name.startswith("rgb_"):
            yield from (Problem(f"{layout.DATA}/{name}", episode.index, m) for m in _pictures(block))
            yield from _frozen(name, block, camera, episode)
        elif name.startswith("depth_") and not block.reshape(len(block), -1).any(axis=1).all():
            k = int(np.argmin(block.reshape(len(block), -1).any(axis=1)))
            yield Problem(f"{layout.DATA}/{name}", episode.index, f"nothing has a distance at frame {k}")
        elif name.startswith("cam_T_"):
            yield from _mounted(name, block, name.removeprefix("cam_T_"), episode)


def _pictures(block: NDArray[np.uint8]) -> Iterator[str]:
    pixels = block.reshape(len(block), -1)
    contrast = pixels.max(axis=1).astype(int) - pixels.min(axis=1)
    flat = contrast < DARKEST_CONTRAST
    if flat.any():
        k = int(np.argmax(flat))
        yield f"{int(flat.sum())} images are of one colour, first frame {k} (value {pixels[k].max()})"
    elif len(block) > 2 and (block == block[0]).all():
        yield f"all {len(block)} images are the same: the camera is frozen"


def _frozen(name: str, block: NDArray[np.uint8], camera: str, episode: Stored) -> Iterator[Problem]:
    """A run of equal pictures in which the tool, seen, moves."""
    same = (block[1:] == block[:-1]).reshape(len(block) - 1, -1).all(axis=1)
    if not same.any() or same.all() or "ee_pose" not in episode.arrays:
        return
    tool = episode.arrays["ee_pose"][:, :3]
    seen = _in_view(tool, camera, episode)
    for first, last in _runs(same):
        run = slice(first, last + 1)
        travel = float(np.linalg.norm(np.diff(tool[run], axis=0), axis=1).sum())
        if last - first >= STILL_FRAMES and travel > STILL_TRAVEL and seen[run].all():
            text = f"frames {first} to {last} are the same picture while the tool moves {travel:.2f} m through it"
            yield Problem(f"{layout.DATA}/{name}", episode.index, text)
            return


def _in_view(points: NDArray[Any], camera: str, episode: Stored) -> NDArray[np.bool_]:
    """Whether each point (time, 3) [m] falls into the picture of its frame."""
    spec, poses = _spec(camera, episode), episode.arrays.get(f"cam_T_{camera}")
    if spec is None or poses is None:
        return np.zeros(len(points), bool)
    local = np.einsum("tji,tj->ti", poses[:, :3, :3], points - poses[:, :3, 3])
    depth = np.maximum(local[:, 2], spec.near)
    pixels = (local / depth[:, None]) @ spec.intrinsics.T
    inside = (pixels[:, 0] >= 0) & (pixels[:, 0] < spec.width) & (pixels[:, 1] >= 0) & (pixels[:, 1] < spec.height)
    return inside & (local[:, 2] > spec.near)


def _mounted(name: str, poses: NDArray[Any], camera: str, episode: Stored) -> Iterator[Problem]:
    """The pose of a camera in every frame is where its mount was: the world, or the link that carries the tool."""
    spec, robot = _spec(camera, episode), episode.scene.robot
    path = f"{layout.DATA}/{name}"
    if spec is None:
        yield Problem(path, episode.index, f"the scene has no camera {camera!r}")
        return
    wanted = np.broadcast_to(to_matrix(np.array(spec.pose)), poses.shape)
    if spec.mount == robot.tool_link and "ee_pose" in episode.arrays:
        tool = to_matrix(episode.arrays["ee_pose"])
        wanted = tool @ np.linalg.inv(to_matrix(np.array(robot.tool))) @ wanted
    elif spec.mount is not None:
        return
    off = np.abs(poses - wanted).reshape(len(poses), -1).max(axis=1)
    if (off > MOUNT_ERROR).any():
        k = int(np.argmax(off > MOUNT_ERROR))
        where = (
            "where its scene puts it" if spec.mount is None else f"on {spec.mount!r}, which carries it, by data/ee_pose"
        )
        yield Problem(path, episode.index, f"frame {k}: the camera is not {where} ({off[k]:.3g} off)")


def _spec(camera: str, episode: Stored) -> CameraSpec | None:
    try:
        return camera_spec(episode.scene, camera)
    except DatasetError:
        return None


def _runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and last frame of each run of pictures of which each equals the next."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


class LagMeter:
    """Whether a camera's pictures change when the world does; feed it every episode."""

    def __init__(self) -> None:
        self._sums: dict[str, dict[int, NDArray[np.float64]]] = {}

    def add(self, episode: Stored) -> None:
        """Compare, at every shift, how fast the pictures change with how fast tool and objects move."""
        if "ee_pose" not in episode.arrays or episode.length < 3 * len(LAGS):
            return
        speed = _change(_speed(episode))
        for name, block in episode.arrays.items():
            if name.startswith("rgb_"):
                picture = _change(_flicker(block))
                sums = self._sums.setdefault(name, {lag: np.zeros(6) for lag in LAGS})
                for lag in LAGS:
                    a, b = _shifted(picture, speed, lag)
                    sums[lag] += [len(a), a.sum(), b.sum(), (a * a).sum(), (b * b).sum(), (a * b).sum()]

    def problems(self) -> Iterator[Problem]:
        """The cameras that another shift than none fits clearly better."""
        for name in self._sums:
            fits = self.fits(name)
            best = max(fits, key=lambda lag: fits[lag])
            if self._sums[name][0][0] >= LAG_PAIRS and fits[best] > LAG_FIT and fits[best] - fits[0] > LAG_GAIN:
                text = (
                    f"its pictures are {abs(best)} frames {'late' if best > 0 else 'early'}: they change when tool and "
                    f"objects do only at that shift (correlation {fits[best]:.2f}, unshifted {fits[0]:.2f})"
                )
                yield Problem(f"{layout.DATA}/{name}", None, text)

    def fits(self, name: str) -> dict[int, float]:
        """The correlation at every shift [frames]; positive shifts are late pictures."""
        return {lag: _correlation(sums) for lag, sums in self._sums[name].items()}


def _flicker(block: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How much each picture differs from the one before, (time - 1,)."""
    thin = block[:, ::THINNED, ::THINNED].astype(np.int16)
    return np.abs(np.diff(thin, axis=0)).reshape(len(block) - 1, -1).mean(axis=1)


def _speed(episode: Stored) -> NDArray[np.float64]:
    """How far the tool and the objects move between frames, (time - 1,) [m]; turning counts at a hand's length."""
    tool = episode.arrays["ee_pose"].astype(np.float64)
    axes = quat_to_matrix(tool[:, 3:]) * 0.1
    out = np.linalg.norm(np.diff(tool[:, :3], axis=0), axis=1)
    out += np.linalg.norm(np.diff(axes, axis=0), axis=(1, 2))
    if "object_pose" in episode.arrays:
        moved = np.diff(episode.arrays["object_pose"][:, : len(episode.record.bodies), :3], axis=0)
        out += np.nan_to_num(np.linalg.norm(moved, axis=2)).sum(axis=1)
    return out


def _change(speed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Starts and stops say more of time than steady motion does."""
    scaled = np.sqrt(speed / max(float(speed.mean()), 1e-12))
    return np.diff(scaled)


def _shifted(picture: NDArray[Any], speed: NDArray[Any], lag: int) -> tuple[NDArray[Any], NDArray[Any]]:
    n = len(picture) - abs(lag)
    return (picture[lag:], speed[:n]) if lag >= 0 else (picture[:n], speed[-lag:])


def _correlation(sums: NDArray[np.float64]) -> float:
    n, a, b, aa, bb, ab = sums
    spread = (n * aa - a * a) * (n * bb - b * b)
    return float((n * ab - a * b) / np.sqrt(spread)) if spread > 0 else 0.0
