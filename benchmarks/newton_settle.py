"""Run exported stages in Newton with its MuJoCo solver: ``newton_settle.py SECONDS FOLDER...``, nothing of ours needed.

Each folder holds ``scene.usd`` and ``timestep.json``; ``ends.json`` is written into it: positions [m] by prim path.
"""

# pyright: reportMissingImports=false
# Newton is in an environment of its own.

from __future__ import annotations

import json
import sys
from pathlib import Path

import newton
from newton.usd import SchemaResolverMjc, SchemaResolverNewton, SchemaResolverPhysx


def main(seconds: float, folders: list[Path]) -> None:
    """Settle every stage."""
    for folder in folders:
        (folder / "ends.json").write_text(json.dumps(settled(folder, seconds)))


def settled(folder: Path, seconds: float) -> dict[str, list[float]]:
    """Positions [m] of all bodies after some seconds."""
    step = json.loads((folder / "timestep.json").read_text())
    builder = newton.ModelBuilder()
    newton.solvers.SolverMuJoCo.register_custom_attributes(builder)
    resolvers = [SchemaResolverMjc(), SchemaResolverNewton(), SchemaResolverPhysx()]
    builder.add_usd(str(folder / "scene.usd"), schema_resolvers=resolvers, load_visual_shapes=False)
    model = builder.finalize(device="cpu")
    solver = newton.solvers.SolverMuJoCo(model, use_mujoco_cpu=True)
    now, after, control = model.state(), model.state(), model.control()
    newton.eval_fk(model, model.joint_q, model.joint_qd, now)
    for _ in range(round(seconds / step)):
        solver.step(now, after, control, None, step)
        now, after = after, now
    return {
        path: [float(v) for v in pose[:3]] for path, pose in zip(builder.body_label, now.body_q.numpy(), strict=True)
    }


if __name__ == "__main__":
    main(float(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
