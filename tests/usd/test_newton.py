"""Exported USD in Newton, which is in an environment of its own: ``make test-usd`` writes the scenes and runs this."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

newton = pytest.importorskip("newton", reason="runs in its own environment: make test-usd")

FOLDER = Path(os.environ.get("TASKLOOM_USD_SCENES", "."))
SCENES = sorted(p.parent for p in FOLDER.glob("*/expected.json"))
SETTLING = 2.0  # s


@pytest.fixture(scope="module", params=SCENES, ids=lambda p: p.name)
def loaded(request: pytest.FixtureRequest) -> tuple[Any, dict[str, Any]]:
    from newton.usd import SchemaResolverMjc, SchemaResolverNewton, SchemaResolverPhysx

    builder = newton.ModelBuilder()
    newton.solvers.SolverMuJoCo.register_custom_attributes(builder)
    resolvers = [SchemaResolverMjc(), SchemaResolverNewton(), SchemaResolverPhysx()]
    builder.add_usd(str(request.param / "scene.usd"), schema_resolvers=resolvers, load_visual_shapes=False)
    return builder, json.loads((request.param / "expected.json").read_text())


def coordinates(builder: Any) -> dict[str, int]:
    """First degree of freedom of each joint by prim path."""
    return dict(zip(builder.joint_label, builder.joint_qd_start, strict=False))


def test_scenes_were_written() -> None:
    assert SCENES, f"no scenes in {str(FOLDER)!r}: run this through `make test-usd`"


def test_the_bodies_are_those_of_the_scene_with_their_masses(loaded) -> None:
    builder, expected = loaded
    found = dict(zip(builder.body_label, builder.body_mass, strict=True))
    assert set(found) == set(expected["bodies"])
    for path, body in expected["bodies"].items():
        assert found[path] == pytest.approx(body["mass"], rel=1e-5), path


def test_inertias_are_those_of_the_scene(loaded) -> None:
    builder, expected = loaded
    for path, inertia in zip(builder.body_label, builder.body_inertia, strict=True):
        principal = np.sort(np.linalg.eigvalsh(np.array(inertia).reshape(3, 3)))
        np.testing.assert_allclose(principal, np.sort(expected["bodies"][path]["inertia"]), rtol=1e-3, err_msg=path)


def test_bodies_stand_where_they_do_at_reset(loaded) -> None:
    builder, expected = loaded
    model = builder.finalize(device="cpu")
    state = model.state()
    newton.eval_fk(model, model.joint_q, model.joint_qd, state)
    for path, pose in zip(builder.body_label, state.body_q.numpy(), strict=True):
        assert pose[:3] == pytest.approx(expected["bodies"][path]["pose"][:3], abs=1e-4), path


def test_the_joints_are_those_of_the_scene_with_their_limits(loaded) -> None:
    builder, expected = loaded
    kinds = {newton.JointType.PRISMATIC: "prismatic", newton.JointType.REVOLUTE: "revolute"}
    found = {
        path: kinds[newton.JointType(kind)]
        for path, kind in zip(builder.joint_label, builder.joint_type, strict=True)
        if newton.JointType(kind) in kinds
    }
    assert found == {path: joint["kind"] for path, joint in expected["joints"].items()}
    first = coordinates(builder)
    for path, joint in expected["joints"].items():
        limits = builder.joint_limit_lower[first[path]], builder.joint_limit_upper[first[path]]
        assert limits == pytest.approx((joint["lower"], joint["upper"]), abs=1e-5), path


def test_servos_have_their_gains_forces_and_targets(loaded) -> None:
    builder, expected = loaded
    first = coordinates(builder)
    for path, servo in expected["servos"].items():
        at = first[path]
        assert builder.joint_target_ke[at] == pytest.approx(servo["kp"], rel=1e-4), path
        assert builder.joint_target_kd[at] == pytest.approx(servo["kv"], rel=1e-4), path
        assert builder.joint_effort_limit[at] == pytest.approx(servo["max_force"], rel=1e-5), path


def test_things_settle_where_mujoco_has_them(loaded) -> None:
    builder, expected = loaded
    model = builder.finalize(device="cpu")
    solver = newton.solvers.SolverMuJoCo(model, use_mujoco_cpu=True)
    now, after, control = model.state(), model.state(), model.control()
    newton.eval_fk(model, model.joint_q, model.joint_qd, now)
    for _ in range(round(SETTLING / expected["timestep"])):
        solver.step(now, after, control, None, expected["timestep"])
        now, after = after, now
    end = dict(zip(builder.body_label, now.body_q.numpy(), strict=True))
    apart = [np.linalg.norm(end[path][:3] - np.array(at)) for path, at in expected["settled"].items()]
    assert np.median(apart) < 0.01, apart
