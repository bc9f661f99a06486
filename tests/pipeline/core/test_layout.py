"""The column order of a scene's arrays, and what a wrong body or joint name is told."""

import pytest

from pipeline.core.asset import AssetSpec, Licence
from pipeline.core.errors import UnknownNameError
from pipeline.core.geometry import BodyGeometry, Box, Joint
from pipeline.core.layout import SceneLayout

CUBE = BodyGeometry(bounds=Box(half=(0.1, 0.1, 0.1)))
LICENCE = Licence(spdx="CC0-1.0", author="tests", source="by hand")
IDENTITY = (0, 0, 0, 1, 0, 0, 0)


def slide(name, link):
    return Joint(name=name, link=link, kind="prismatic", axis=(-1, 0, 0), lower=0, upper=0.2)


@pytest.fixture
def layout(toys):
    cabinet = AssetSpec(
        name="cabinet", category="toy", noun="cabinet", files={}, mass=0, fixed=True, licence=LICENCE,
        links={"": CUBE, "low": CUBE, "high": CUBE}, joints=(slide("high_slide", "high"), slide("low_slide", "low")),
    )  # fmt: skip
    placements = toys.placed("cup", toys.block(), (0.4, 0, 0.1)), toys.placed("chest", cabinet, (0.7, 0, 0))
    return SceneLayout.of(toys.scene(*placements))


def test_the_robot_comes_first_then_each_placement_with_its_links(layout):
    assert layout.bodies == (
        "robot", "robot/left_finger", "robot/right_finger", "floor", "table", "cup", "chest", "chest/low", "chest/high",
    )  # fmt: skip


def test_bodies_and_joints_are_called_by_the_placements_name_not_the_assets(layout):
    assert layout.body("chest/high") == 8
    assert layout.joints == ("chest/high_slide", "chest/low_slide")
    assert layout.joint("chest/low_slide") == 1
    assert set(layout.geometry) == {"table", "cup", "chest", "chest/low", "chest/high"}


def test_each_link_knows_the_joint_that_moves_it(layout):
    assert layout.joint_of_body("chest/low") == "chest/low_slide"
    assert layout.joint_of_body("chest/high") == "chest/high_slide"


def test_wrong_names_are_told_the_right_ones(layout):
    with pytest.raises(UnknownNameError, match=r"Unknown body 'cop'\. Did you mean 'cup'"):
        layout.body("cop")
    with pytest.raises(UnknownNameError, match=r"Unknown joint 'chest/low'. Did you mean 'chest/low_slide'"):
        layout.joint("chest/low")
    with pytest.raises(UnknownNameError, match=r"Unknown jointed body 'cup'.*Allowed: chest/high, chest/low"):
        layout.joint_of_body("cup")
