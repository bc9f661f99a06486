"""diffusion_policy: flat zarr that its ``ReplayBuffer`` and dataset classes read, in version 2 or in both versions."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from pipeline.dataset.exporters._exporter import Exporter, Options, Tell
from pipeline.dataset.exporters._flat_zarr import Form, is_flat, main_camera, write_flat
from pipeline.dataset.exporters._selection import Selection


class DiffusionPolicyOptions(Options):
    """What only this format knows."""

    form: Form = Field(
        default="v2", description="v2: zarr version 2, which is what it pins; dual: the same chunks for both versions"
    )


def _keys(selection: Selection, own: DiffusionPolicyOptions) -> dict[str, str]:
    table = {"state": "state", "action": "action", "stage": "stage", "progress": "progress"}
    return main_camera(selection) | table


def _write(selection: Selection, place: Path, own: DiffusionPolicyOptions, tell: Tell) -> None:
    write_flat(place, selection, form=own.form, tell=tell)


diffusion_policy = Exporter(
    about="flat zarr of version 2, or of both versions, as diffusion_policy's ReplayBuffer reads it",
    options=DiffusionPolicyOptions,
    keys=_keys,
    write=_write,
    recognises=is_flat,
)
