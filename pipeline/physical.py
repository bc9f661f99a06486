"""A scene composed into bodies, shapes and joints, for whoever writes it in another format."""

from __future__ import annotations

from pipeline.core.doors import FileStore
from pipeline.core.errors import SimulationError
from pipeline.core.physical_model import PhysicalModel
from pipeline.core.scene import SceneSpec


def physical_model(scene: SceneSpec, files: FileStore) -> PhysicalModel:
    """The scene at its reset as the MuJoCo backend composes it, cards applied.

    Raises :class:`SimulationError` where MuJoCo is missing, or the scene cannot be composed or told in full.
    """
    try:
        from pipeline.sim._mujoco_export import compiled_model
    except ImportError as error:
        raise SimulationError(
            f"Exporting a scene needs MuJoCo, which is not installed ({error}). "
            "Install it: pip install 'taskloom[sim]'."
        ) from error
    return compiled_model(scene, files)
