"""What the kinematic backend knows of a scene once and for all: its items, their solids, and how links move."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.doors import FileStore
from pipeline.core.errors import SimulationError
from pipeline.core.geometry import BodyGeometry, Joint
from pipeline.core.layout import SceneLayout
from pipeline.core.poses import IDENTITY_POSE, Array, compose, pose, quat_from_axis_angle, quat_rotate
from pipeline.core.scene import SceneSpec
from pipeline.sim._boxes import Boxes


@dataclass(frozen=True, eq=False)
class Item:
    """One body of a placement: a base, or a link that a joint moves."""

    column: int
    base: int  # column of the placement's base
    placement: str
    shape: BodyGeometry
    solid: Boxes
    free: bool
    region: bool
    joint: Joint | None = None
    joint_column: int = -1
    offset: Array = field(default_factory=lambda: np.array(IDENTITY_POSE))  # T_base_link at joint position 0


def items_of(scene: SceneSpec, files: FileStore) -> tuple[Item, ...]:
    """Every body after the robot and the floor, in column order."""
    layout, items = SceneLayout.of(scene), list[Item]()
    for placement in scene.placements:
        asset = placement.asset
        for link, shape in asset.links.items():
            joint = next((j for j in asset.joints if j.link == link), None)
            items.append(
                Item(
                    column=layout.body(f"{placement.name}/{link}" if link else placement.name),
                    base=layout.body(placement.name),
                    placement=placement.name,
                    shape=shape,
                    solid=Boxes.solid(shape),
                    free=not asset.fixed and not link,
                    region=asset.can("region"),
                    joint=joint,
                    joint_column=layout.joint(f"{placement.name}/{joint.name}") if joint else -1,
                    offset=_link_offset(files, asset, link) if link else np.array(IDENTITY_POSE),
                )
            )
    return tuple(items)


def link_pose(item: Item, base: Array, position: float) -> Array:
    """T_world_link (7,) of an item whose base stands at ``base`` (7,), at a joint position [m or rad]."""
    if item.joint is None:
        return compose(base, item.offset)
    axis, anchor = np.array(item.joint.axis), np.array(item.joint.anchor)
    if item.joint.kind == "prismatic":
        return compose(base, compose(pose(position * axis), item.offset))
    turn = quat_from_axis_angle(axis, position)
    return compose(base, compose(pose(anchor - quat_rotate(turn, anchor), turn), item.offset))


def _link_offset(files: FileStore, asset: AssetSpec, link: str) -> Array:
    """T_base_link at zero, read from the nesting of bodies in the MJCF: the card does not carry it."""
    root = ET.fromstring(files.read(asset, asset.model))  # our own files, checksums verified
    parents = {child: parent for parent in root.iter() for child in parent}
    body = root.find(f".//body[@name='{link}']")
    if body is None:
        raise SimulationError(f"The model of asset {asset.name!r} has no body {link!r} that its card names.")
    offset = np.array(IDENTITY_POSE)
    while body is not None and body.get("name") != "base":
        offset = compose(_body_pose(asset, body), offset)
        body = parents.get(body)
    return offset


def _body_pose(asset: AssetSpec, body: ET.Element) -> Array:
    turned = sorted({"euler", "axisangle", "xyaxes", "zaxis"} & set(body.keys()))
    if turned:
        raise SimulationError(f"Asset {asset.name!r}: write body {body.get('name')!r} with quat instead of {turned}.")
    position = [float(v) for v in body.get("pos", "0 0 0").split()]
    return pose(position, [float(v) for v in body.get("quat", "1 0 0 0").split()])
