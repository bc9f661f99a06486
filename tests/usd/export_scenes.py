"""Write scenes as USD with what is expected of them, for the tests that run where only Newton is: ``OUT`` is a folder.

Run by ``make test-usd`` in the main environment: ``python tests/usd/export_scenes.py OUT``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from assets.catalog import LibraryCatalog
from pipeline.core.doors import FileStore
from pipeline.core.physical_model import ModelJoint, PhysicalModel
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.physical import physical_model
from pipeline.sim.mujoco import mujoco
from scene_gen.builder import TabletopBuilder
from scene_gen.export import export_scene
from scene_gen.export._names import identifier

SCENES = {
    "things": ("mug", "milk", "block_red", "bowl", "stapler", "zone_green"),
    "cabinet": ("cabinet", "plate", "medicine_box"),
}
SETTLING = 2.0  # s


def main(out: Path) -> None:
    """One folder a scene: ``scene.usd`` and ``expected.json``."""
    catalog = LibraryCatalog()
    for robot in [name for name in catalog.robots if name in ("panda", "ur5e")]:
        builder = TabletopBuilder(catalog, catalog.robot(robot))
        for name, assets in SCENES.items():
            objects = tuple(TaskObject(name=a, asset=a) for a in assets)
            goal = f"(near {assets[-2]} {assets[-1]})"
            task = TaskSpec(name=name, family="pick_place", instruction="Do it.", objects=objects, goal=goal)
            write(builder.build(task, stream(1, "usd", name)), catalog, out / f"{robot}_{name}")


def write(scene: SceneSpec, files: FileStore, folder: Path) -> None:
    """The stage, and beside it what Newton must find in it."""
    model = physical_model(scene, files)
    export_scene(model, folder, format="usd")
    (folder / "expected.json").write_text(json.dumps(expected(model, settled(scene, files)), indent=1))


def expected(model: PhysicalModel, final: dict[str, list[float]]) -> dict[str, Any]:
    """Bodies by prim path with mass and pose, joints with limits; ``settled`` as MuJoCo has it after 2 s."""
    trees = {b.name: model.root(b).name for b in model.bodies}
    moving = [b for b in model.bodies if b.free or list(trees.values()).count(trees[b.name]) > 1]
    return {
        "bodies": {path_of(b.name): {"mass": b.mass, "inertia": b.inertia, "pose": b.at_reset} for b in moving},
        "joints": {joint_path(j): {"kind": j.kind, "lower": j.lower, "upper": j.upper} for j in model.joints},
        "servos": {
            joint_path(j): {"kp": s.kp, "kv": s.kv, "max_force": s.max_force, "start": s.start}
            for s in model.servos
            for j in model.joints
            if j.name == s.joint
        },
        "free": [path_of(b.name) for b in model.bodies if b.free],
        "settled": final,
        "timestep": model.options.timestep,
    }


def settled(scene: SceneSpec, files: FileStore) -> dict[str, list[float]]:
    """Positions [m] of the free things after two seconds in the MuJoCo backend."""
    import numpy as np

    simulator = mujoco(files)
    simulator.load([scene])
    steps = round(SETTLING * scene.physics.control_hz)
    end = simulator.run(np.tile(np.array(scene.robot_start, np.float32), (steps, 1, 1))).at(-1)
    free = [p.name for p in scene.placements if not p.asset.fixed]
    return {path_of(f"{name}/base"): [float(v) for v in end.body(name)[0, :3]] for name in free}


def path_of(body: str) -> str:
    """Prim path of a body."""
    return "/World/" + "/".join(identifier(part) for part in body.split("/"))


def joint_path(joint: ModelJoint) -> str:
    """Prim path of a joint."""
    owner, _, name = joint.name.partition("/")
    return f"/World/{identifier(owner)}/joints/{identifier(name)}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
