"""The root attributes of a dataset: what it is, who made it, its robot, cameras, tasks, splits and statistics."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from pydantic import Field

from pipeline.core.camera import CameraSpec
from pipeline.core.errors import DatasetError
from pipeline.core.geometry import Frozen
from pipeline.core.robot import RobotSpec
from pipeline.dataset.batch import Batch
from pipeline.dataset.data_arrays import QUATERNION, WIDTH, data_arrays
from pipeline.dataset.layout import ACTION_DEFAULT, SCHEMA_VERSION, Dimensions
from pipeline.dataset.meta_arrays import asset_arrays, meta_arrays
from pipeline.dataset.splits import SPLITS, split_of

Attrs = dict[str, Any]
CONVENTIONS = {
    "time": "row t is observed before action t; action t is applied for one control step",
    "quaternion": QUATERNION,
    "frames": "right-handed, z up; T_a_b takes coordinates in b to coordinates in a",
    "units": "m, rad, s unless an array's attribute 'units' says otherwise",
    "intrinsics": "K in pixels, pinhole without distortion; pixel centres at half integers, (0, 0) the top left corner",
    "camera": "OpenCV: x right, y down, z forward",
    "extrinsics": "per frame data/cam_T_<camera> = T_world_camera; the attribute 'pose' is T_mount_camera",
    "depth": "uint16 mm along the optical axis; 0 where nothing was hit",
    **WIDTH,
}
"""What nobody should have to guess; arrays say in their own attributes what is peculiar to them."""
VARIES = "varies"
"""Names, within cameras and sim, of what differs between episodes and is therefore null: see each episode's scene."""


class DatasetMeta(Frozen):
    """What the maker says of a dataset; everything else is read off its episodes."""

    name: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$")
    license: str = Field(default="Apache-2.0", description="SPDX id of the recordings; assets carry their own")
    created: str = Field(default="", description="date and time, ISO 8601; the only clock in a dataset")
    generator: dict[str, Any] = Field(
        default_factory=dict, description="package, version, command, configuration, seed, 'prompts' (SHA-256 by name)"
    )
    val_fraction: float = Field(
        default=0.1, ge=0, lt=1, description="share of each task's episodes held out, rounded down"
    )
    object_slots: int | None = Field(
        default=None, ge=1, le=4096, description="columns of object_pose; None: 16, or what the first parts need"
    )
    joint_slots: int | None = Field(
        default=None, ge=1, le=4096, description="columns of object_joint; None: 8, or what the first parts need"
    )


def created(meta: DatasetMeta, dims: Dimensions) -> Attrs:
    """The attributes of a dataset without episodes: what its creation fixes."""
    meta_names = sorted(meta_arrays(dof=dims.robot.dof, bodies=dims.bodies, joints=dims.joints))
    arrays = {"data": sorted(data_arrays(dims)), "meta": meta_names, "assets": sorted(asset_arrays())}
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "dataset",
        "name": meta.name,
        "license": meta.license,
        "created": meta.created,
        "generators": [],
        "episodes": 0,
        "frames": 0,
        "robot": _robot(dims.robot),
        "control_hz": None,
        "action_default": ACTION_DEFAULT,
        "conventions": CONVENTIONS,
        "slots": {"objects": dims.bodies, "joints": dims.joints},
        "channels": list(dims.channels),
        "cameras": {name: {"height": h, "width": w} for name, (h, w) in sorted(dims.cameras.items())},
        "sim": None,
        "engines": [],
        "solvers": [],
        "authors": [],
        "versions": {},
        "prompts": {},
        "tasks": [],
        "assets": [],
        "val_fraction": meta.val_fraction,
        "splits": {name: {"episodes": 0, "frames": 0} for name in SPLITS},
        "arrays": arrays,
        "stats_split": SPLITS[0],
        "stats_episodes": 0,
        "stats": {},
        "histograms": {},
        "files": {},
    }


def check_same_maker(attrs: Attrs, meta: DatasetMeta) -> None:
    """Raise :class:`DatasetError` when ``meta`` asks for another dataset than the one with ``attrs``."""
    for key in ("name", "license", "val_fraction"):
        if attrs[key] != getattr(meta, key):
            raise DatasetError(
                f"The dataset has {key} {attrs[key]!r}, not {getattr(meta, key)!r}; give the same, or choose another "
                "place for a new dataset."
            )


def grown(attrs: Attrs, batch: Batch, meta: DatasetMeta) -> Attrs:
    """The attributes with the episodes of ``batch`` added, whose columns get their task and split.

    Raises :class:`DatasetError` when they were recorded at another control rate.
    """
    tasks = _assign(attrs, batch)
    scenes = _views(batch)
    records = batch.records
    assets = {a["sha256"]: a for a in attrs["assets"]}
    robots = {r["scene"]["robot"] for r in records}
    for sha, card in batch.cards.items():
        if sha not in robots:
            assets.setdefault(sha, _asset(sha, card))
    return attrs | {
        "generators": _listed(attrs["generators"], [meta.generator] if meta.generator else []),
        "episodes": attrs["episodes"] + len(batch),
        "frames": attrs["frames"] + int(batch.lengths.sum()),
        "control_hz": _rate(attrs["control_hz"], scenes),
        "cameras": {n: _fold(c, (s["cameras"][n] for s in scenes)) for n, c in attrs["cameras"].items()},
        "sim": _fold(attrs["sim"], (s["sim"] for s in scenes)),
        "engines": sorted({*attrs["engines"], *(r["provenance"]["engine"] for r in records)}),
        "solvers": sorted({*attrs["solvers"], *(r["solver"] for r in records)}),
        "authors": sorted({*attrs["authors"], *(r["provenance"]["author"] for r in records)}),
        "versions": _versions(attrs["versions"], records),
        "prompts": _prompts(attrs["prompts"], meta.generator.get("prompts", {})),
        "tasks": tasks,
        "assets": list(assets.values()),
        "splits": _splits(attrs["splits"], batch),
    }


def _assign(attrs: Attrs, batch: Batch) -> list[dict[str, Any]]:
    """Give every episode its task and, unless it has one already, its split; returns the tasks with their counts."""
    given = batch.columns.get("episode_split")
    tasks = [dict(t) for t in attrs["tasks"]]
    index = {_text({k: v for k, v in t.items() if k not in ("id", "episodes")}): t for t in tasks}
    numbers, splits = np.empty(len(batch), np.int32), np.empty(len(batch), np.uint8)
    for k, record in enumerate(batch.records):
        key = _text(record["task"])
        if key not in index:
            index[key] = {"id": len(tasks), "episodes": 0} | record["task"]
            tasks.append(index[key])
        task = index[key]
        numbers[k] = task["id"]
        splits[k] = split_of(task["episodes"], val_fraction=attrs["val_fraction"]) if given is None else given[k]
        task["episodes"] += 1
    batch.columns["episode_task"], batch.columns["episode_split"] = numbers, splits
    return tasks


def _splits(known: Mapping[str, Mapping[str, int]], batch: Batch) -> dict[str, dict[str, int]]:
    split = np.asarray(batch.columns["episode_split"])
    return {
        name: {
            "episodes": known[name]["episodes"] + int((split == k).sum()),
            "frames": known[name]["frames"] + int(batch.lengths[split == k].sum()),
        }
        for k, name in enumerate(SPLITS)
    }


def _views(batch: Batch) -> list[dict[str, Any]]:
    """What the attributes say of a scene, once for all scenes of which it is the same, in order."""
    found: dict[str, dict[str, Any]] = {}
    for record in batch.records:
        scene = record["scene"]
        key = _text([scene["robot"], scene["physics"], scene["cameras"]])
        if key not in found:
            cameras = (*batch.cards[scene["robot"]]["cameras"], *scene["cameras"])
            physics = scene["physics"]
            found[key] = {
                "control_hz": physics["control_hz"],
                "sim": {
                    "timestep": 1 / (physics["control_hz"] * physics["substeps"]),
                    "substeps": physics["substeps"],
                    "gravity": list(physics["gravity"]),
                    "replay": "reset to the scene of meta/episode_json, then apply data/action",
                },
                "cameras": {c["name"]: _camera(CameraSpec.model_validate(c)) for c in cameras},
            }
    return list(found.values())


def _rate(known: float | None, scenes: Iterable[dict[str, Any]]) -> float | None:
    for scene in scenes:
        if known is not None and scene["control_hz"] != known:
            raise DatasetError(
                f"The dataset is recorded at {known} Hz, these episodes at {scene['control_hz']} Hz; pack them apart."
            )
        known = scene["control_hz"]
    return known


def _fold(known: dict[str, Any] | None, seen: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What all have in common; what differs becomes null and is listed under ``varies``."""
    out = dict(known) if known else {}
    varies = set(out.pop(VARIES, []))
    fresh = not known or VARIES not in known
    for values in seen:
        if fresh:
            out, fresh = dict(values), False
        varies |= {k for k, v in values.items() if k not in varies and out.get(k) != v}
    return {k: None if k in varies else v for k, v in out.items()} | {VARIES: sorted(varies)}


def _versions(known: Mapping[str, list[str]], records: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    found = {package: set(versions) for package, versions in known.items()}
    for provenance in {_text(r["provenance"]): r["provenance"] for r in records}.values():
        for package, version in ({provenance["package"]: provenance["version"]} | provenance["versions"]).items():
            found.setdefault(package, set()).add(version)
    return {package: sorted(versions) for package, versions in sorted(found.items())}


def _prompts(known: Mapping[str, list[str]], more: Mapping[str, str]) -> dict[str, list[str]]:
    """SHA-256 of every prompt by its name; of runs with different wordings, all."""
    return {name: sorted({*known.get(name, []), *([more[name]] if name in more else [])}) for name in {**known, **more}}


def _listed(known: list[Any], more: Iterable[Any]) -> list[Any]:
    return [*known, *(value for value in more if value not in known)]


def _robot(robot: RobotSpec) -> dict[str, Any]:
    return {
        "type": robot.noun,
        "name": robot.name,
        "sha256": robot.sha256,
        "model": robot.model,
        "model_sha256": robot.files.get(robot.model),
        "dof": robot.dof,
        "names": list(robot.action_names),
        "license": robot.licence.model_dump(mode="json"),
    }


def _asset(sha: str, card: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": card["name"], "category": card["category"], "sha256": sha, "license": card["licence"]}


def _camera(camera: CameraSpec) -> dict[str, Any]:
    return {
        "height": camera.height,
        "width": camera.width,
        "K": camera.intrinsics.tolist(),
        "mount": camera.mount,
        "near": camera.near,
        "far": camera.far,
        "pose": list(camera.pose),
    }


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
