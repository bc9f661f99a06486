"""A scene as USD with UsdPhysics schemas: ``scene.usd`` with its textures beside it, for Isaac Sim, Newton, usdview."""

from __future__ import annotations

from pathlib import Path

from pipeline.core.errors import SimulationError
from pipeline.core.physical_model import PhysicalModel

STAGE_FILE = "scene.usd"


def usd(model: PhysicalModel, folder: Path) -> Path:
    """Write the scene into ``folder`` and return its ``scene.usd``.

    Metres, kilograms, z up. Everything stands where it is at reset; drives hold the reset. What UsdPhysics has no word
    for (armature, dry friction, gravity compensation, MuJoCo's contact options) is written in the namespaces of Newton,
    MuJoCo and PhysX, which others skip. Raises :class:`SimulationError` where usd-core is missing.
    """
    try:
        from scene_gen.export._usd_stage import write_stage
    except ImportError as error:
        raise SimulationError(
            f"Writing USD needs the package usd-core, which is not installed ({error}). "
            "Install it: pip install 'taskloom[usd]'."
        ) from error
    path = folder / STAGE_FILE
    write_stage(model, path)
    return path


def usdz(stage: Path, target: Path) -> None:
    """Pack a written stage and its textures into one ``.usdz`` file."""
    from pxr import Sdf, UsdUtils

    # The modules are compiled and have no stubs.
    if not UsdUtils.CreateNewUsdzPackage(Sdf.AssetPath(str(stage)), str(target)):  # pyright: ignore[reportAttributeAccessIssue]
        raise SimulationError(f"usd-core could not pack {str(stage)!r}; export to a folder instead.")
