"""The composed scene of the MuJoCo backend, read back into a PhysicalModel: what is exported is what is simulated."""

# pyright: reportAttributeAccessIssue=false
# MuJoCo is a compiled module without stubs: pyright sees none of its names.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import mujoco as mj
import numpy as np
from numpy.typing import NDArray

from pipeline.core.doors import FileStore
from pipeline.core.errors import SimulationError
from pipeline.core.geometry import Pose7, Vec3
from pipeline.core.physical_model import (
    Coupling,
    Look,
    Mesh,
    ModelJoint,
    PhysicalModel,
    Pin,
    RigidBody,
    Servo,
    Shape,
    ShapeKind,
    SolverOptions,
    View,
)
from pipeline.core.scene import SceneSpec
from pipeline.sim._cameras import scene_cameras
from pipeline.sim._mujoco_look import DEFAULT_LIGHTS
from pipeline.sim.mujoco import mujoco

WORLD = 0
KINDS: dict[int, ShapeKind] = {
    mj.mjtGeom.mjGEOM_PLANE.value: "plane",
    mj.mjtGeom.mjGEOM_SPHERE.value: "sphere",
    mj.mjtGeom.mjGEOM_CAPSULE.value: "capsule",
    mj.mjtGeom.mjGEOM_ELLIPSOID.value: "ellipsoid",
    mj.mjtGeom.mjGEOM_CYLINDER.value: "cylinder",
    mj.mjtGeom.mjGEOM_BOX.value: "box",
    mj.mjtGeom.mjGEOM_MESH.value: "mesh",
}


def compiled_model(scene: SceneSpec, files: FileStore) -> PhysicalModel:
    """The scene at its reset; raises :class:`SimulationError` where it cannot be composed or told in full."""
    backend = mujoco(files)
    try:
        backend.load([scene])
        compiled, worlds = backend._compiled, backend._worlds
        assert compiled is not None
        return _Reading(compiled.model, worlds[0], scene).all()
    finally:
        backend.close()


class _Reading:
    """One compiled model and its data at reset, read piece by piece."""

    def __init__(self, model: mj.MjModel, data: mj.MjData, scene: SceneSpec) -> None:
        self.model, self.data, self.scene = model, data, scene
        self._refuse_what_cannot_be_told()

    def all(self) -> PhysicalModel:
        model = self.model
        ties = range(model.neq)
        return PhysicalModel(
            task=self.scene.task,
            options=self._options(),
            bodies=tuple(self._body(b) for b in range(1, model.nbody)),
            floor=self._shapes(WORLD),
            joints=tuple(self._joint(j) for j in range(model.njnt) if not self._is_free(j)),
            servos=tuple(self._servo(a) for a in range(model.nu)),
            couplings=tuple(self._coupling(e) for e in ties if model.eq_type[e] == mj.mjtEq.mjEQ_JOINT),
            pins=tuple(self._pin(e) for e in ties if model.eq_type[e] == mj.mjtEq.mjEQ_CONNECT),
            apart=self._apart(),
            views=tuple(
                View(spec, None if spec.mount is None else f"robot/{spec.mount}")
                for spec in scene_cameras(self.scene).values()
            ),
            lights=self.scene.lights or DEFAULT_LIGHTS,
            ambient=self.scene.ambient,
            meshes={model.mesh(m).name: self._mesh(m) for m in range(model.nmesh)},
            textures=self._textures(),
        )

    def _refuse_what_cannot_be_told(self) -> None:
        model = self.model
        known = (mj.mjtEq.mjEQ_JOINT, mj.mjtEq.mjEQ_CONNECT)
        odd = [f"equality {mj.mjtEq(int(t)).name}" for t in model.eq_type if t not in known]
        odd += (
            ["tendons"] * bool(model.ntendon) + ["skins"] * bool(model.nskin) + ["height fields"] * bool(model.nhfield)
        )
        odd += [f"ball joint {model.joint(j).name!r}" for j in range(model.njnt) if model.jnt_type[j] == 1]
        odd += [
            f"several joints of body {model.body(b).name!r}" for b in range(model.nbody) if model.body_jntnum[b] > 1
        ]
        if odd:
            raise SimulationError(
                f"The scene of task {self.scene.task!r} holds {', '.join(sorted(set(odd)))}; an export can tell "
                "hinges, slides, free bodies, joint couplings and pins. Replace that robot or asset."
            )

    def _options(self) -> SolverOptions:
        option = self.model.opt
        return SolverOptions(
            timestep=float(option.timestep),
            gravity=_vec3(option.gravity),
            integrator=mj.mjtIntegrator(option.integrator).name.removeprefix("mjINT_").lower(),
            cone=mj.mjtCone(option.cone).name.removeprefix("mjCONE_").lower(),
            impratio=float(option.impratio),
            noslip_iterations=int(option.noslip_iterations),
        )

    def _body(self, b: int) -> RigidBody:
        model, parent = self.model, int(self.model.body_parentid[b])
        at_reset = _pose(self.data.xpos[b], self.data.xquat[b])
        return RigidBody(
            name=model.body(b).name,
            parent=None if parent == WORLD else model.body(parent).name,
            at_zero=at_reset if parent == WORLD else _pose(model.body_pos[b], model.body_quat[b]),
            at_reset=at_reset,
            free=bool(model.body_jntnum[b]) and self._is_free(int(model.body_jntadr[b])),
            mass=float(model.body_mass[b]),
            inertial=_pose(model.body_ipos[b], model.body_iquat[b]),
            inertia=_vec3(model.body_inertia[b]),
            weightless=bool(model.body_gravcomp[b] == 1.0),
            shapes=self._shapes(b),
        )

    def _is_free(self, j: int) -> bool:
        return self.model.jnt_type[j] == mj.mjtJoint.mjJNT_FREE

    def _shapes(self, b: int) -> tuple[Shape, ...]:
        first, count = self.model.body_geomadr[b], self.model.body_geomnum[b]
        return tuple(self._shape(g) for g in range(first, first + count))

    def _shape(self, g: int) -> Shape:
        model, material = self.model, int(self.model.geom_matid[g])
        kind = KINDS[int(model.geom_type[g])]
        return Shape(
            kind=kind,
            pose=_pose(model.geom_pos[g], model.geom_quat[g]),
            size=_vec3(model.geom_size[g]),
            mesh=model.mesh(int(model.geom_dataid[g])).name if kind == "mesh" else None,
            look=self._look(material) if material >= 0 else Look(rgba=_rgba(model.geom_rgba[g])),
            look_name=model.material(material).name if material >= 0 else None,
            contype=int(model.geom_contype[g]),
            conaffinity=int(model.geom_conaffinity[g]),
            friction=_vec3(model.geom_friction[g]),
            solref=(float(model.geom_solref[g, 0]), float(model.geom_solref[g, 1])),
            group=int(model.geom_group[g]),
        )

    def _look(self, m: int) -> Look:
        model = self.model
        texture = int(model.mat_texid[m, mj.mjtTextureRole.mjTEXROLE_RGB.value])
        return Look(
            rgba=_rgba(model.mat_rgba[m]),
            texture=model.texture(texture).name if texture >= 0 else None,
            repeat=(float(model.mat_texrepeat[m, 0]), float(model.mat_texrepeat[m, 1])),
            per_metre=bool(model.mat_texuniform[m]),
            specular=float(model.mat_specular[m]),
            shininess=float(model.mat_shininess[m]),
        )

    def _joint(self, j: int) -> ModelJoint:
        model, dof = self.model, int(self.model.jnt_dofadr[j])
        limited = bool(model.jnt_limited[j])
        lower, upper = (float(v) for v in model.jnt_range[j])
        return ModelJoint(
            name=model.joint(j).name,
            body=model.body(int(model.jnt_bodyid[j])).name,
            kind="prismatic" if model.jnt_type[j] == mj.mjtJoint.mjJNT_SLIDE else "revolute",
            axis=_vec3(model.jnt_axis[j]),
            anchor=_vec3(model.jnt_pos[j]),
            lower=lower if limited else None,
            upper=upper if limited else None,
            damping=_first(model.dof_damping[dof]),
            friction=float(model.dof_frictionloss[dof]),
            armature=float(model.dof_armature[dof]),
            stiffness=_first(model.jnt_stiffness[j]),
            rest=float(model.qpos_spring[model.jnt_qposadr[j]]),
            start=float(self.data.qpos[model.jnt_qposadr[j]]),
        )

    def _servo(self, a: int) -> Servo:
        model = self.model
        return Servo(
            name=model.actuator(a).name,
            joint=model.joint(int(model.actuator_trnid[a, 0])).name,
            kp=float(model.actuator_gainprm[a, 0]),
            kv=-float(model.actuator_biasprm[a, 2]),
            max_force=float(model.actuator_forcerange[a, 1]),
            lower=float(model.actuator_ctrlrange[a, 0]),
            upper=float(model.actuator_ctrlrange[a, 1]),
            start=float(self.data.ctrl[a]),
        )

    def _coupling(self, e: int) -> Coupling:
        model = self.model
        return Coupling(
            follower=model.joint(int(model.eq_obj1id[e])).name,
            leader=model.joint(int(model.eq_obj2id[e])).name,
            coefficients=tuple(float(c) for c in model.eq_data[e, :5]),
        )

    def _pin(self, e: int) -> Pin:
        model = self.model
        return Pin(
            first=model.body(int(model.eq_obj1id[e])).name,
            second=model.body(int(model.eq_obj2id[e])).name,
            anchor=_vec3(model.eq_data[e, :3]),
            anchor_second=_vec3(model.eq_data[e, 3:6]),
        )

    def _apart(self) -> tuple[tuple[str, str], ...]:
        pairs = sorted({(int(s) >> 16, int(s) & 0xFFFF) for s in self.model.exclude_signature})
        return tuple((self.model.body(a).name, self.model.body(b).name) for a, b in pairs)

    def _mesh(self, m: int) -> Mesh:
        model = self.model
        faces = slice(model.mesh_faceadr[m], model.mesh_faceadr[m] + model.mesh_facenum[m])
        textured = model.mesh_texcoordadr[m] >= 0
        return Mesh(
            vertices=_part(model.mesh_vert, model.mesh_vertadr[m], model.mesh_vertnum[m]),
            faces=model.mesh_face[faces].copy(),
            normals=_part(model.mesh_normal, model.mesh_normaladr[m], model.mesh_normalnum[m]),
            normal_faces=model.mesh_facenormal[faces].copy(),
            texcoords=_part(model.mesh_texcoord, max(0, model.mesh_texcoordadr[m]), model.mesh_texcoordnum[m]),
            texcoord_faces=(model.mesh_facetexcoord[faces] if textured else np.zeros((0, 3), np.int32)).copy(),
        )

    def _textures(self) -> dict[str, NDArray[np.uint8]]:
        model = self.model
        flat = [t for t in range(model.ntex) if model.tex_type[t] == mj.mjtTexture.mjTEXTURE_2D]
        return {model.texture(t).name: self._pixels(t) for t in flat}

    def _pixels(self, t: int) -> NDArray[np.uint8]:
        model = self.model
        height, width, channels = (int(n[t]) for n in (model.tex_height, model.tex_width, model.tex_nchannel))
        raw = _part(model.tex_data, model.tex_adr[t], height * width * channels)
        pixels = raw.reshape(height, width, channels).astype(np.uint8)
        return np.repeat(pixels, 3, axis=2) if channels == 1 else pixels[..., :3].copy()


def _part(values: Any, start: int, count: int) -> NDArray[Any]:
    return np.array(values[int(start) : int(start) + int(count)])


def _first(value: Any) -> float:
    """MuJoCo 4 keeps damping and stiffness as polynomials; their linear term comes first."""
    return float(np.atleast_1d(value)[0])


def _vec3(values: Any) -> Vec3:
    return cast(Vec3, tuple(float(v) for v in values[:3]))


def _rgba(values: Any) -> tuple[float, float, float, float]:
    # Stored in single precision; the shortest decimal that means the same float is what the author wrote.
    return cast("tuple[float, float, float, float]", tuple(float(str(np.float32(v))) for v in values))


def _pose(position: Sequence[float], quat: Sequence[float]) -> Pose7:
    return cast(Pose7, tuple(float(v) for v in (*position, *quat)))
