"""Where Newton leaves the things of a scene, from our USD export, in the environment that ``make test-usd`` makes."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipeline.core.doors import FileStore
from pipeline.core.scene import SceneSpec
from pipeline.physical import physical_model
from scene_gen.export import export_scene
from scene_gen.export._names import identifier

PYTHON = Path(__file__).parent.parent / ".venv-usd" / "bin" / "python"
SETTLE = Path(__file__).with_name("newton_settle.py")


def newton_ends(scenes: Sequence[SceneSpec], files: FileStore, *, seconds: float) -> list[dict[str, list[float]]]:
    """Positions [m] of the free things of each scene after some seconds of holding still."""
    if not PYTHON.exists():
        raise SystemExit("Newton's environment is missing. Make it with `make test-usd`, or leave newton out.")
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / str(row) for row in range(len(scenes))]
        for scene, folder in zip(scenes, folders, strict=True):
            model = physical_model(scene, files)
            export_scene(model, folder, format="usd")
            (folder / "timestep.json").write_text(json.dumps(model.options.timestep))
        subprocess.run([PYTHON, SETTLE, str(seconds), *folders], check=True, stdout=subprocess.DEVNULL)
        ends = [json.loads((folder / "ends.json").read_text()) for folder in folders]
    return [
        {
            p.name: end[f"/World/{identifier(p.name)}/{identifier('base')}"]
            for p in scene.placements
            if not p.asset.fixed
        }
        for scene, end in zip(scenes, ends, strict=True)
    ]
