"""DP3 (3D diffusion policy): flat zarr with a point cloud a step, made from the recorded depth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from pipeline.core.errors import DatasetError, UnknownNameError
from pipeline.dataset.clouds import Box, Sampling, depth_cameras, point_clouds, views_of
from pipeline.dataset.exporters._episode import Derived, ExportedEpisode, Row
from pipeline.dataset.exporters._exporter import Exporter, Options, Tell
from pipeline.dataset.exporters._flat_zarr import Form, is_flat, main_camera, write_flat
from pipeline.dataset.exporters._selection import Selection

CLOUD = "point_cloud"


class Dp3Options(Options):
    """What only this format knows."""

    points: int = Field(default=1024, ge=1, description="points of a cloud; DP3's own tasks have 512 or 1024")
    cameras: tuple[str, ...] = Field(
        default=(), description="cameras whose depth makes the cloud, parted by commas; none named: all fixed ones"
    )
    colour: bool = Field(default=True, description="r g b behind x y z; DP3 cuts them off unless use_pc_color is set")
    bounds: Box | None = Field(
        default=None, description="box in the world that is kept, x y z of both corners [m] parted by commas"
    )
    sampling: Sampling = Field(default="farthest", description="farthest (as DP3 does it) or uniform, which is faster")
    form: Form = Field(default="v2", description="v2: zarr version 2, which it pins; dual: for both versions")

    @field_validator("cameras", "bounds", mode="before")
    @classmethod
    def _parted_by_commas(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) and value else value


def _derive(selection: Selection, own: Dp3Options) -> Selection:
    cameras = _cameras(selection, own)

    def make(episode: ExportedEpisode) -> NDArray[np.float32]:
        rows = selection.rate.observed(episode.stored.length)
        views = views_of(episode.stored, cameras, colour=own.colour, rows=rows)
        return point_clouds(views, points=own.points, bounds=own.bounds, sampling=own.sampling)

    names = ("x", "y", "z", "r", "g", "b") if own.colour else ("x", "y", "z")
    return selection.with_derived(CLOUD, Derived(make, Row(np.dtype(np.float32), (own.points, len(names)), names)))


def _cameras(selection: Selection, own: Dp3Options) -> list[str]:
    """The cameras asked for, else those fixed in the world, else all, of those with depth."""
    there = depth_cameras(selection.reader.names)
    if not there:
        raise DatasetError(
            f"{selection.reader.place!r} was recorded without depth, which point clouds are made of; record it again "
            "with depth, or choose another format."
        )
    for name in own.cameras:
        if name not in there:
            raise UnknownNameError("camera with depth", name, there)
    known: Any = selection.reader.attrs["cameras"]
    return list(own.cameras) or [name for name in there if known[name].get("mount") is None] or there


def _keys(selection: Selection, own: Dp3Options) -> dict[str, str]:
    table = {"state": "state", "action": "action", "stage": "stage", "progress": "progress"}
    return {CLOUD: CLOUD} | main_camera(selection) | table


def _write(selection: Selection, place: Path, own: Dp3Options, tell: Tell) -> None:
    write_flat(place, selection, form=own.form, tell=tell)


dp3 = Exporter(
    about="flat zarr with point clouds made from depth, as DP3's dataset classes read it",
    options=Dp3Options,
    keys=_keys,
    write=_write,
    recognises=is_flat,
    derive=_derive,
)
