"""Write a dataset in every exported format with what is expected of it, for the tests that run where only a trainer is.

Run by ``make test-consumers`` in the main environment: ``python tests/consumers/write_exports.py OUT``. The dataset is
one of hand-built episodes, or the one that the environment variable ``TASKLOOM_CONSUMERS_DATASET`` names.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

from pipeline.dataset import open_dataset
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.exporting import ExportRequest, export_dataset
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part
from pipeline.dataset.reader import DatasetReader

TESTS = Path(__file__).parents[1] / "pipeline" / "dataset"
EPISODES, STEPS, SIZE = 8, 36, (96, 96)


def main(out: Path) -> None:
    """One export a format, and ``expected.npz`` with the dataset's own arrays."""
    out.mkdir(parents=True)
    reader = open_dataset(os.environ.get("TASKLOOM_CONSUMERS_DATASET") or hand_built(out))
    camera = next(name for name in sorted(reader.attrs["cameras"]) if reader.attrs["cameras"][name]["mount"] is None)
    write(reader, out / "diffusion_policy", "diffusion_policy")
    write(reader, out / "dual", "diffusion_policy", form="dual")
    lowdim = ExportRequest(keys={"keypoint": "object_pose", "state": "state"}, fill=0)
    write(reader, out / "lowdim", "diffusion_policy", request=lowdim)
    if any(name.startswith("depth_") for name in reader.names):
        write(reader, out / "dp3", "dp3", points=512)
    write(reader, out / "robomimic.hdf5", "robomimic")
    write(reader, out / "lerobot", "lerobot")
    write(reader, out / "lerobot_10hz", "lerobot", request=ExportRequest(hz=10, action="ee_pose"))
    np.savez(out / "expected.npz", **expected(reader, camera))
    told = {"camera": camera, "hz": reader.control_hz, "instructions": [e.instruction for e in reader]}
    told |= {"stages": [[e.stage_names[k] for k in np.unique(e.arrays["stage"])] for e in reader]}
    (out / "expected.json").write_text(json.dumps(told))


def write(
    reader: DatasetReader, place: Path, format: str, *, request: ExportRequest | None = None, **options: object
) -> None:
    """One export, and a line about it."""
    report = export_dataset(reader, place, format=format, request=request, options=options)
    print(f"{place.name}: {report.episodes} episodes, {report.steps} steps, {report.bytes / 1e6:.2f} MB")


def expected(reader: DatasetReader, camera: str) -> dict[str, np.ndarray]:
    """The dataset's own arrays, end to end."""
    names = ("action", "action_ee_pose", "state", "qpos", "ee_pose", "stage", "reward", f"rgb_{camera}")
    arrays = {name: np.concatenate([e.arrays[name] for e in reader]) for name in names}
    return arrays | {"ends": reader.ends, "split": reader.column("episode_split")}


def hand_built(out: Path) -> Path:
    """Eight demonstrations of a smooth motion, two cameras with depth."""
    builder, motions = load("builder"), load("exporters/motions")
    episodes = [motions.episode(builder, k, steps=STEPS + k, size=SIZE, depth=True) for k in range(EPISODES)]
    write_part(out / "part", episodes, store=builder.ToyStore())
    pack([out / "part"], out / "dataset.zarr", meta=DatasetMeta(name="motions", val_fraction=0.25))
    return out / "dataset.zarr"


def load(name: str) -> ModuleType:
    """A module of the tests by its path."""
    spec = importlib.util.spec_from_file_location(Path(name).name, TESTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(Path(sys.argv[1]))
