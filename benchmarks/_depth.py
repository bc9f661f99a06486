"""How deep things of a scene are in each other, by MuJoCo's collision detection, whatever engine placed them."""

from __future__ import annotations

from pipeline.core.doors import FileStore
from pipeline.core.scene import SceneSpec
from pipeline.sim.mujoco import mujoco


def deepest(scene: SceneSpec, files: FileStore) -> float:
    """The deepest penetration [m] between a free thing and anything else at reset; 0 without one."""
    backend = mujoco(files)
    backend.load([scene.physics_only()])
    compiled, data = backend._compiled, backend._worlds[0]
    assert compiled is not None
    free = {compiled.layout.body(p.name) for p in scene.placements if not p.asset.fixed}
    columns = compiled.geom_column[data.contact.geom] if data.ncon else []
    depths = [-float(dist) for dist, pair in zip(data.contact.dist, columns, strict=True) if free & {*map(int, pair)}]
    return max([0.0, *depths])
