"""A dataset of 100,000 short episodes: packing it, opening it, checking its structure, and the memory of reading it.

    python -m benchmarks.dataset_scale [--episodes 100000] [--folder DIR]

The episodes are synthetic: small arrays without pictures, made by varying the arrays, seeds and ids of one recorded in
the kinematic simulator; they go through parts and the packer like any others.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from assets.catalog import LibraryCatalog
from pipeline.core.episode import Episode, Provenance
from pipeline.core.layout import SceneLayout
from pipeline.core.scene import Placement, SceneSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.core.world import WorldState, no_forces
from pipeline.dataset.append import write_rows
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.meta_arrays import meta_arrays
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part
from pipeline.dataset.record import Record

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "dataset_scale.json"
BASE, STEPS = 500, 10
"""Episodes that are built in full, a part of them; rows of each."""
META = DatasetMeta(name="scale", generator={"package": "taskloom", "command": "benchmarks.dataset_scale"})
TARGETS = {"open_s": 1.0, "verify_structure_s": 60.0}


def main() -> None:
    """Measure, write the result, and say what was missed."""
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="scale-", dir=options.folder))
    try:
        found = _measure(folder, options.episodes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    options.json.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    missed = [name for name, limit in TARGETS.items() if found[name] > limit]
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


def _measure(folder: Path, episodes: int) -> dict[str, Any]:
    began = time.perf_counter()
    parts = list(_parts(folder / "parts", episodes))
    made = time.perf_counter()
    out = folder / "dataset.zarr"
    pack(parts, out, meta=META)
    packed = time.perf_counter()
    files = [p for p in out.rglob("*") if p.is_file()]
    found = {
        "episodes": episodes,
        "rows": episodes * STEPS,
        "parts": len(parts),
        "parts_s": round(made - began, 1),
        "pack_s": round(packed - made, 1),
        "pack_peak_mb": _peak_mb(),
        "files": len(files),
        "bytes": sum(p.stat().st_size for p in files),
    }
    for step in STEPS_OF_READING:
        found |= _in_a_process(step, out)
    return found


def _peak_mb() -> int:
    """Most memory that this process ever had resident [MB]; Linux."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024


def _parts(folder: Path, episodes: int) -> Iterator[Path]:
    """One part built in full, and its copies, in which attempts and with them ids differ."""
    catalog = LibraryCatalog()
    first = folder / "0000"
    write_part(first, [_episode(catalog, k) for k in range(BASE)], store=catalog)
    yield first
    texts: Any = zarr.open_array(first / "meta" / "episode_json", mode="r")[:]
    records = [Record.model_validate_json(str(text)) for text in texts]
    actions = np.asarray(zarr.open_array(first / "data" / "action", mode="r")[:]).reshape(-1, STEPS, 8)
    for k in range(1, episodes // BASE):
        yield _copy(first, folder / f"{k:04d}", records, actions, number=k)


def _copy(first: Path, place: Path, records: list[Record], actions: np.ndarray, *, number: int) -> Path:
    shutil.copytree(first, place, copy_function=lambda a, b: Path(b).hardlink_to(a))
    changed = [r.model_copy(update={"attempt": r.attempt + number * BASE}) for r in records]
    new = {
        "episode_json": [r.model_dump_json() for r in changed],
        "episode_id": [r.episode_id(a) for r, a in zip(changed, actions, strict=True)],
    }
    root = zarr.open_group(place, mode="r+")
    group = root["meta"]
    assert isinstance(group, zarr.Group)
    for name, values in new.items():
        shutil.rmtree(place / "meta" / name)
        write_rows(group, meta_arrays(dof=1, bodies=1, joints=1)[name], rows=len(values), blocks=[values])
    return place


def _episode(catalog: LibraryCatalog, seed: int) -> Episode:
    """An arm that moves at random near one asset that does too."""
    random, robot = stream(seed, "benchmarks", "dataset_scale"), catalog.robot("panda")
    asset = catalog.asset(catalog.assets[0])
    scene = SceneSpec(
        task="reach",
        robot=robot,
        robot_start=(*robot.home, robot.gripper.max_width),
        placements=(Placement(name="thing", asset=asset, pose=(0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)),),
        seed=seed,
    )
    task = TaskSpec(
        name=f"reach_{seed % 20}",
        family="pick_place",
        instruction="Reach for the thing.",
        objects=(TaskObject(name="thing", asset=asset.name),),
        goal="(holding thing)",
    )
    return Episode(
        task=task,
        scene=scene,
        states=_states(scene, STEPS, random),
        final=_states(scene, 1, random),
        actions=random.normal(size=(STEPS, robot.dof)).astype(np.float32),
        ee_delta=random.normal(size=(STEPS, 7)).astype(np.float32),
        ee_target=random.normal(size=(STEPS, 8)).astype(np.float32),
        progress=np.linspace(0, 1, STEPS, dtype=np.float32),
        success=np.arange(STEPS) == STEPS - 1,
        stage=np.zeros(STEPS, np.uint8),
        stage_names=("reach",),
        rgb={},
        camera_pose={},
        solver="synthetic",
        provenance=Provenance(version="0", engine="none", solver="synthetic", author="benchmark", seed=seed),
        attempt=seed,
    )


def _states(scene: SceneSpec, steps: int, random: np.random.Generator) -> WorldState:
    layout = SceneLayout.of(scene)
    bodies, joints, dof = len(layout.bodies), len(layout.joints), scene.robot.dof

    def values(*shape: int) -> np.ndarray:
        return random.normal(size=(steps, *shape)).astype(np.float32)

    def poses(*shape: int) -> np.ndarray:
        out = values(*shape, 7)
        out[..., 3:] /= np.linalg.norm(out[..., 3:], axis=-1, keepdims=True)
        return out

    contact = np.zeros((steps, bodies, bodies), bool)
    return WorldState(
        layout, poses(bodies), values(bodies, 6), values(joints), values(joints), values(dof), values(dof), poses(),
        contact, no_forces(steps, layout),
    )  # fmt: skip


OPEN = """
from pipeline.dataset import open_dataset
import pipeline.dataset.reader
began = time.perf_counter()
reader = open_dataset(place)
assert len(reader) and reader.episode(len(reader) - 1).length
say(open_s=round(time.perf_counter() - began, 3), open_peak_mb=peak())
"""
VERIFY = """
from pipeline.dataset.verify import verify
began = time.perf_counter()
assert verify(place, structure=True) == []
say(verify_structure_s=round(time.perf_counter() - began, 1), verify_peak_mb=peak())
"""
ITERATE = """
from pipeline.dataset import open_dataset
reader = open_dataset(place)
marks, began = [], time.perf_counter()
for k in range(0, len(reader), max(1, len(reader) // 4000)):
    episode = reader.episode(k)
    episode.arrays["action"], episode.record.scene
    marks.append(peak())
after = marks[len(marks) // 10]
say(iterated=len(marks), iterate_ms=round(1000 * (time.perf_counter() - began) / len(marks), 2),
    iterate_mb_after_a_tenth=after, iterate_mb_at_the_end=marks[-1])
"""
STEPS_OF_READING = (OPEN, VERIFY, ITERATE)


def _in_a_process(code: str, place: Path) -> dict[str, Any]:
    """What a fresh process says of the dataset, so that its memory is its own."""
    head = (
        "import json, sys, time\nplace = sys.argv[1]\n"
        "def peak(): return int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) // 1024\n"
        "def say(**found): print(json.dumps(found))\n"
    )
    done = subprocess.run([sys.executable, "-c", head + code, str(place)], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=100_000, help=f"a multiple of {BASE}")
    parser.add_argument("--folder", help="where there is room for some GB; removed afterwards")
    parser.add_argument("--json", type=Path, default=RESULT, help="where to write the result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
