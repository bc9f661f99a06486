"""What is asked of an export, and what it did."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from pipeline.core.geometry import Frozen

ActionSpace = Literal["joint_pos", "ee_delta", "ee_pose", "ee_pose_rotvec"]


class ExportRequest(Frozen):
    """Which episodes, at which rate, in which action space, under which names."""

    keys: dict[str, str] | None = Field(
        default=None, description="source by exported name, e.g. state: qpos+gripper; None is the format's own mapping"
    )
    hz: float | None = Field(
        default=None, gt=0, description="control rate of the export [Hz]; None is the recorded one"
    )
    action: ActionSpace = Field(default="joint_pos", description="what the source 'action' stands for")
    split: Literal["all", "train", "val"] = Field(default="all", description="episodes of this split")
    outcome: Literal["success", "failure", "all"] = Field(default="success", description="episodes that ended so")
    tasks: tuple[str, ...] = Field(default=(), description="episodes of these tasks; none named means all")
    fill: float | None = Field(
        default=None, description="what stands where an episode has no object or joint; None refuses such a gap"
    )


class ExportReport(Frozen):
    """What an export wrote."""

    format: str
    place: str
    episodes: int
    steps: int
    hz: float
    action: str
    keys: dict[str, str]
    splits: dict[str, int]
    tasks: dict[str, int]
    bytes: int
    options: dict[str, Any]
