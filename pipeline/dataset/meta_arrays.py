"""What every array of ``meta/`` (a row an episode) and of ``assets/`` (the files that the episodes use) holds."""

from __future__ import annotations

from typing import Any

from pipeline.dataset.layout import COMMIT_MARKER, TEXT, ArraySpec
from pipeline.dataset.splits import SPLITS

PACKED = ("episode_task", "episode_split")
"""Columns that only a dataset has: a part knows of no others' tasks."""
KINDS = ("file", "asset", "robot")
"""``assets/kind`` indexes this: bytes of a file, or the JSON card of an asset or a robot."""


def meta_arrays(*, dof: int, bodies: int, joints: int) -> dict[str, ArraySpec]:
    """Every array of ``meta/`` by name; the commit marker is the last."""
    specs = [
        _text("episode_id", "twenty hex digits of a SHA-256 over task, scene, attempt and actions"),
        _text("episode_checksum", "SHA-256 of the physical trajectory, to compare a replay with"),
        _text("episode_instruction", "what the robot was told"),
        _text("episode_solver", "who solved it"),
        _text("episode_draws", "JSON: what domain randomisation drew"),
        _text("episode_json", "JSON: task, scene (the state that replay starts from), outcome, provenance, names"),
        _plain("episode_seed", "int64", "seed of the scene"),
        _plain("episode_length", "int32", "rows of data/"),
        _plain("episode_success", "bool", "whether the goal held at the end"),
        _plain("episode_task", "int32", "index into the attribute 'tasks' of the root"),
        _plain("episode_split", "uint8", f"index into {list(SPLITS)}"),
        ArraySpec("final_state", "float32", (dof,), {"semantics": "joint positions and widths after the last action"}),
        ArraySpec("final_ee_pose", "float32", (7,), {"semantics": "T_world_tool after the last action"}),
        ArraySpec("final_object_pose", "float32", (bodies, 7), {"semantics": "T_world_body after the last action"}),
        ArraySpec("final_object_joint", "float32", (joints,), {"semantics": "joint positions after the last action"}),
        _plain(COMMIT_MARKER, "int64", "exclusive end of each episode's rows of data/; written last"),
    ]
    return {s.name: s for s in specs}


def asset_arrays() -> dict[str, ArraySpec]:
    """Every array of ``assets/`` by name, the bytes first."""
    specs = [
        _plain("bytes", "uint8", "contents one after the other"),
        _plain("ends", "int64", "exclusive end of each content in 'bytes'"),
        ArraySpec("sha256", "uint8", (32,), {"semantics": "SHA-256 of each content, its address"}),
        _plain("kind", "uint8", f"index into {list(KINDS)}"),
    ]
    return {s.name: s for s in specs}


def _plain(name: str, dtype: str, semantics: str) -> ArraySpec:
    attrs: dict[str, Any] = {"semantics": semantics}
    return ArraySpec(name, dtype, (), attrs)


def _text(name: str, semantics: str) -> ArraySpec:
    return _plain(name, TEXT, semantics)
