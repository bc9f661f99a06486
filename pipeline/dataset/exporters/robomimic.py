"""robomimic: one HDF5 file with a group a demonstration, masks for the splits, and actions in [-1, 1]."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.dataset.exporters._episode import ExportedEpisode
from pipeline.dataset.exporters._exporter import Exporter, Options, Tell
from pipeline.dataset.exporters._selection import Selection

if TYPE_CHECKING:
    import h5py

ACTION = "actions"
GYM = 2  # robomimic.envs.env_base.EnvType.GYM_TYPE: what needs no simulator of its own to be read
MASKS = {"train": "train", "val": "valid"}
"""robomimic's own name for each split."""
STEP_ARRAYS = {"rewards": "reward", "stage": "stage", "progress": "progress"}
MAGIC = b"\x89HDF\r\n\x1a\n"


class RobomimicOptions(Options):
    """What only this format knows."""

    scale: bool = Field(
        default=True,
        description="map each action column's range over the export to [-1, 1], which its policies squash to; the "
        "map is in data.attrs['action_scaling'], the plain actions in action_dict/",
    )
    next_obs: bool = Field(default=False, description="also write next_obs, for offline RL; the last one repeats")
    compression: Literal["none", "lzf", "gzip"] = Field(default="gzip", description="of images")


def _keys(selection: Selection, own: RobomimicOptions) -> dict[str, str]:
    """The names of robosuite: quaternions x y z w, images ``<camera>_image``."""
    table = {
        ACTION: "action",
        "robot0_eef_pos": "ee_pose[:3]",
        "robot0_eef_quat": "ee_pose[4,5,6,3]",
        "robot0_gripper_qpos": "gripper",
        "robot0_joint_pos": "qpos",
        "robot0_joint_vel": "qvel",
    }
    if selection.widest["object_pose"] and _same_objects(selection):
        table["object"] = "object_pose"
    return table | {f"{name}_image": f"rgb_{name}" for name in selection.cameras}


def _same_objects(selection: Selection) -> bool:
    """Whether all episodes have as many objects, so that none leaves a gap."""
    return all(len(e.stored.record.bodies) == selection.widest["object_pose"] for e in selection)


def _write(selection: Selection, place: Path, own: RobomimicOptions, tell: Tell) -> None:
    import h5py

    scaling = _scaling(selection) if own.scale else None
    with h5py.File(place, "w") as file:
        data = file.create_group("data")
        data.attrs.update(_attrs(selection, scaling))
        for episode in selection:
            tell(episode.number)
            _write_demo(data.create_group(f"demo_{episode.number}"), episode, own, scaling)
        _write_masks(file.create_group("mask"), selection)


def _write_demo(
    demo: h5py.Group, episode: ExportedEpisode, own: RobomimicOptions, scaling: NDArray[np.float64] | None
) -> None:
    selection = episode.selection
    for name in selection.keys:
        values = episode[name]
        if name == ACTION:
            demo.create_dataset(f"action_dict/{selection.request.action}", data=values)
            demo.create_dataset(ACTION, data=values if scaling is None else _scaled(values, scaling))
            continue
        values = _readable(values)
        demo.create_dataset(f"obs/{name}", data=values, **_storage(values, own))
        if own.next_obs:
            after = np.concatenate([values[1:], values[-1:]])
            demo.create_dataset(f"next_obs/{name}", data=after, **_storage(values, own))
    for name, source in STEP_ARRAYS.items():
        demo.create_dataset(name, data=episode.source(source))
    demo.create_dataset("dones", data=episode.source("is_last").astype(np.int64))
    demo.attrs.update(_told(episode))


def _readable(values: NDArray[Any]) -> NDArray[Any]:
    """What a network reads: images (steps, height, width, channels), anything else flat."""
    if values.dtype.kind == "u" and values.ndim >= 3:
        return values if values.ndim == 4 else values[..., None]
    return values.reshape(len(values), -1)


def _told(episode: ExportedEpisode) -> dict[str, Any]:
    stored = episode.stored
    return {
        "num_samples": episode.steps,
        "ep_meta": json.dumps({"lang": stored.instruction}),
        "language": stored.instruction,
        "task": stored.task.name,
        "stage_names": json.dumps(stored.stage_names),
        "success": episode.success,
        "episode_id": stored.id,
        "seed": stored.seed,
    }


def _write_masks(group: h5py.Group, selection: Selection) -> None:
    """The demonstrations of each split, of each task where there are several, and of both."""
    names = np.array([f"demo_{k}" for k in range(len(selection))], dtype="S")
    splits = {own: selection.splits == k for k, own in enumerate(MASKS.values())}
    masks = {"all": np.ones(len(names), bool), **splits}
    tasks = np.unique(selection.tasks)
    for index in tasks if len(tasks) > 1 else ():
        task, mine = selection.reader.tasks[index].name, selection.tasks == index
        masks |= {task: mine} | {f"{task}_{split}": mine & chosen for split, chosen in splits.items()}
    for name, chosen in masks.items():
        group.create_dataset(name, data=names[chosen])


def _attrs(selection: Selection, scaling: NDArray[np.float64] | None) -> dict[str, Any]:
    known, rows = selection.reader.attrs, selection.rows
    tasks = [selection.reader.tasks[k].name for k in np.unique(selection.tasks)]
    env = {"env_name": "_and_".join(tasks), "type": GYM, "env_kwargs": {}, "env_version": known["name"]}
    scaled = None if scaling is None else {"low": scaling[0].tolist(), "high": scaling[1].tolist()}
    meaning = "plain = low + (action + 1) / 2 * (high - low); where low equals high, plain = low"
    return {
        "total": int(selection.ends[-1]),
        "env_args": json.dumps(env),
        "control_hz": selection.hz,
        "action_space": selection.request.action,
        "action_names": json.dumps(rows[ACTION].names),
        "action_scaling": json.dumps(None if scaled is None else scaled | {"meaning": meaning}),
        "keys": json.dumps({name: source.text for name, source in selection.keys.items()}),
        "source": known["name"],
        "license": known["license"],
    }


def _scaling(selection: Selection) -> NDArray[np.float64]:
    """Least and greatest action of each column, (2, columns), over all exported episodes."""
    low, high = np.inf, -np.inf
    for episode in selection:
        values = episode[ACTION].astype(np.float64)
        low, high = np.minimum(low, values.min(axis=0)), np.maximum(high, values.max(axis=0))
    return np.stack([low, high])


def _scaled(values: NDArray[Any], scaling: NDArray[np.float64]) -> NDArray[np.float32]:
    low, high = scaling
    still = high == low
    unit = (values - low) / np.where(still, 1.0, high - low)
    return np.clip(np.where(still, 0.0, 2.0 * unit - 1.0), -1.0, 1.0).astype(np.float32)


def _storage(values: NDArray[Any], own: RobomimicOptions) -> dict[str, Any]:
    """An image a chunk, since that is what is fetched."""
    if values.ndim < 4:
        return {}
    level = {"compression_opts": 1} if own.compression == "gzip" else {}
    packed = {} if own.compression == "none" else {"compression": own.compression, **level}
    return {"chunks": (1, *values.shape[1:]), **packed}


def _recognises(place: Path) -> bool:
    if not place.is_file():
        return False
    with place.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


robomimic = Exporter(
    about="one HDF5 file, a group a demonstration, masks for the splits, as robomimic's SequenceDataset reads it",
    options=RobomimicOptions,
    keys=_keys,
    write=_write,
    recognises=_recognises,
    action=ACTION,
    file=True,
    needs=("h5py",),
)
