"""Off-screen OpenGL for the MuJoCo backend: rgb, depth, segmentation and points of many worlds through one context."""

# pyright: reportAttributeAccessIssue=false
# MuJoCo is a compiled module without stubs: pyright sees none of its names.

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

import mujoco as mj
import numpy as np

from pipeline.core.camera import CameraSpec
from pipeline.core.doors import Channel
from pipeline.core.errors import RenderingError
from pipeline.core.poses import matrix_to_quat
from pipeline.core.world import Frames
from pipeline.sim._cameras import world_points

COLLISION_GROUP = 3
BACKGROUND = -1


class OffscreenRenderer:
    """One OpenGL context and one abstract scene, used for every world and camera of a model."""

    def __init__(self, model: mj.MjModel, geom_column: np.ndarray) -> None:
        self._model, self._geom_column = model, geom_column
        self._gl = open_context(int(model.vis.global_.offwidth), int(model.vis.global_.offheight))
        self._context = mj.MjrContext(model, mj.mjtFontScale.mjFONTSCALE_100)
        mj.mjr_setBuffer(mj.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._context.readDepthMap = mj.mjtDepthMap.mjDEPTH_ZEROFAR
        self._scene = mj.MjvScene(model, maxgeom=model.ngeom + 100)
        self._option = mj.MjvOption()
        self._option.geomgroup[COLLISION_GROUP] = 0

    def render(
        self, worlds: Sequence[mj.MjData], cameras: Sequence[CameraSpec], what: Sequence[Channel]
    ) -> Mapping[str, Frames]:
        """Frames of every camera; only the passes that ``what`` needs are drawn."""
        self._gl.make_current()
        colour, geometry = "rgb" in what, bool({"depth", "segmentation", "points"} & set(what))
        shots: dict[str, list[tuple[Any, ...]]] = {camera.name: [] for camera in cameras}
        for data in worlds:
            view = mj.MjvCamera()
            mj.mjv_updateScene(self._model, data, self._option, None, view, mj.mjtCatBit.mjCAT_ALL.value, self._scene)
            for camera in cameras:
                shots[camera.name].append(self._shoot(data, camera, colour=colour, geometry=geometry))
        return {camera.name: _frames(camera, shots[camera.name], what) for camera in cameras}

    def close(self) -> None:
        """Free the context."""
        self._gl.make_current()
        self._context.free()
        self._gl.free()

    def _shoot(self, data: mj.MjData, camera: CameraSpec, *, colour: bool, geometry: bool) -> tuple[Any, ...]:
        index = self._model.camera(f"camera/{camera.name}").id
        view = mj.MjvCamera()
        view.type, view.fixedcamid = mj.mjtCamera.mjCAMERA_FIXED, index
        everything = mj.mjtCatBit.mjCAT_ALL.value
        mj.mjv_updateScene(self._model, data, self._option, None, view, everything, self._scene)
        rgb = self._colour(camera) if colour else None
        depth, segmentation = self._geometry(camera) if geometry else (None, None)
        rotation = data.cam_xmat[index].reshape(3, 3) * [1.0, -1.0, -1.0]  # OpenGL to OpenCV
        pose = np.concatenate([data.cam_xpos[index], matrix_to_quat(rotation)])
        return rgb, depth, segmentation, pose

    def _colour(self, camera: CameraSpec) -> np.ndarray:
        rgb = np.empty((camera.height, camera.width, 3), dtype=np.uint8)
        viewport = mj.MjrRect(0, 0, camera.width, camera.height)
        mj.mjr_render(viewport, self._scene, self._context)
        mj.mjr_readPixels(rgb, None, viewport, self._context)
        return rgb[::-1]

    def _geometry(self, camera: CameraSpec) -> tuple[np.ndarray, np.ndarray]:
        rgb = np.empty((camera.height, camera.width, 3), dtype=np.uint8)
        raw = np.empty((camera.height, camera.width), dtype=np.float32)
        viewport, flags = mj.MjrRect(0, 0, camera.width, camera.height), self._scene.flags
        flags[mj.mjtRndFlag.mjRND_SEGMENT] = flags[mj.mjtRndFlag.mjRND_IDCOLOR] = 1
        mj.mjr_render(viewport, self._scene, self._context)
        mj.mjr_readPixels(rgb, raw, viewport, self._context)
        flags[mj.mjtRndFlag.mjRND_SEGMENT] = flags[mj.mjtRndFlag.mjRND_IDCOLOR] = 0
        segmentation = self._columns(rgb[::-1])
        depth = self._metres(raw[::-1])
        seen = (segmentation != BACKGROUND) & (depth < camera.far)
        return np.where(seen, depth, 0).astype(np.float32), segmentation

    def _columns(self, rgb: np.ndarray) -> np.ndarray:
        """Body columns (height, width) of the id colours; id 0 is the background."""
        ids = rgb.astype(np.uint32) @ np.array([1, 1 << 8, 1 << 16], dtype=np.uint32)
        table = np.full(self._scene.ngeom + 1, BACKGROUND, dtype=np.int16)
        for geom in self._scene.geoms[: self._scene.ngeom]:
            if geom.segid >= 0 and geom.objtype == mj.mjtObj.mjOBJ_GEOM:
                table[geom.segid + 1] = self._geom_column[geom.objid]
        return table[ids]

    def _metres(self, raw: np.ndarray) -> np.ndarray:
        """Distance along the optical axis from the reversed depth buffer (1 near, 0 far)."""
        near, far = float(self._model.vis.map.znear), float(self._model.vis.map.zfar)
        return near * far / (near + raw.astype(np.float64) * (far - near))


def open_context(width: int, height: int) -> Any:
    """A current off-screen OpenGL context: the one of MUJOCO_GL, else EGL, else OSMesa.

    Raises :class:`RenderingError` that says what to install.
    """
    asked = os.environ.get("MUJOCO_GL", "").strip().lower()
    kinds = [asked] if asked in ("egl", "osmesa", "glfw") else ["egl", "osmesa"]
    reasons = list[str]()
    for kind in kinds:
        try:
            context = importlib.import_module(f"mujoco.{kind}").GLContext(width, height)
            context.make_current()
        except Exception as error:  # drivers fail in many ways; each is a reason to try the next
            reasons.append(f"{kind}: {type(error).__name__}: {error}")
        else:
            return context
    raise RenderingError(
        f"No off-screen OpenGL ({'; '.join(reasons)}). On Debian or Ubuntu install one with "
        "`apt-get install -y libegl1 libgl1-mesa-dri` (EGL) or `apt-get install -y libosmesa6` (MUJOCO_GL=osmesa)."
    )


def _frames(camera: CameraSpec, shots: list[tuple[Any, ...]], what: Sequence[Channel]) -> Frames:
    rgb, depth, segmentation, pose = zip(*shots, strict=True) if shots else ((), (), (), ())
    poses = np.array(pose, dtype=np.float64).reshape(-1, 7)
    depths = np.stack(depth) if depth and depth[0] is not None else None
    return Frames(
        rgb=np.stack(rgb) if "rgb" in what and rgb else None,
        depth=depths if "depth" in what else None,
        segmentation=np.stack(segmentation) if "segmentation" in what and segmentation else None,
        pose=poses.astype(np.float32),
        points=world_points(camera, depths, poses) if "points" in what and depths is not None else None,
    )
