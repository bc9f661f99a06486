"""Which parts go together: one robot but for its gains, the same cameras and channels, enough slots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.core.errors import DatasetError
from pipeline.core.robot import RobotSpec
from pipeline.dataset.batch import Source
from pipeline.dataset.blobs import Assets
from pipeline.dataset.layout import JOINT_SLOTS, OBJECT_SLOTS, Dimensions


def robot_of(source: Source) -> RobotSpec:
    """The robot of a part; raises :class:`DatasetError` when its card is something else."""
    card = Assets(source.root).card(source.attrs["robot"])
    if not isinstance(card, RobotSpec):
        raise DatasetError(f"The robot of {str(source.path)!r} is the card of an asset; write the part again.")
    return card


def dimensions_of(sources: Sequence[Source], *, object_slots: int | None, joint_slots: int | None) -> Dimensions:
    """What a dataset that begins with these parts fixes: the first one's robot, cameras and channels, and the slots.

    Slots that are not given are the usual number, or more where a part needs more. The robots of later episodes may
    differ in controller gains, which each scene holds.
    """
    first = sources[0].attrs
    cameras = {name: (height, width) for name, (height, width) in sorted(first["cameras"].items())}
    bodies = object_slots or max(OBJECT_SLOTS, *(s.attrs["bodies"] for s in sources))
    joints = joint_slots or max(JOINT_SLOTS, *(s.attrs["joints"] for s in sources))
    return Dimensions(robot_of(sources[0]), cameras, bodies, joints, tuple(first["channels"]))


def check_fit(dims: Dimensions, source: Source) -> None:
    """Raise :class:`DatasetError` when a part does not go into a dataset of these dimensions."""
    attrs, here = source.attrs, str(source.path)
    robot = robot_of(source)
    if untuned(robot) != untuned(dims.robot):
        names = [f"{r.name} {r.sha256[:8]}" for r in (dims.robot, robot)]
        raise DatasetError(f"A dataset holds one robot, {here!r} has {names[1]}, not {names[0]}; pack them apart.")
    cameras = {name: (height, width) for name, (height, width) in sorted(attrs["cameras"].items())}
    if cameras != dims.cameras or tuple(attrs["channels"]) != dims.channels:
        raise DatasetError(
            f"Parts have different cameras, {here!r} {cameras} with {attrs['channels']}, the dataset {dims.cameras} "
            f"with {list(dims.channels)}; pack them apart."
        )
    for need, slots, option in (
        (attrs["bodies"], dims.bodies, "object_slots"),
        (attrs["joints"], dims.joints, "joint_slots"),
    ):
        if need > slots:
            raise DatasetError(
                f"{here!r} needs {need} columns, the dataset was created with {slots}; create one with {option}={need}."
            )


def untuned(robot: RobotSpec) -> str:
    """All of a robot but its controller gains, as text."""
    gains = {"kp": True, "kv": True}
    arm: dict[str, Any] = {"arm": {"__all__": gains}, "gripper": gains}
    return robot.model_dump_json(exclude={**arm, "others": {"__all__": arm}})
