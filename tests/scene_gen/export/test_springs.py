"""The spring of a button is in the card, in the model, and in what is exported of a scene."""

from __future__ import annotations

from pathlib import Path

import mujoco as mj
import numpy as np
import pytest
from pxr import Usd, UsdPhysics

from assets.catalog import LibraryCatalog
from assets.importers.files import ImportOptions, import_file
from pipeline.core.scene import Placement, SceneSpec
from pipeline.physical import physical_model
from scene_gen.export import export_scene

CATALOG = LibraryCatalog()
ARTICULATED = [n for n in CATALOG.assets if CATALOG.asset(n).joints]
BUTTON = """<mujoco><worldbody><body name="box"><geom type="box" size="0.05 0.05 0.02" mass="1"/>
<body name="knob" pos="0 0 0.03"><joint name="press" type="slide" axis="0 0 -1" range="0 0.01" stiffness="120" {rest}/>
<geom type="box" size="0.01 0.01 0.01" mass="0.02"/></body></body></worldbody></mujoco>"""


@pytest.fixture
def buttons() -> SceneSpec:
    robot, spec = CATALOG.robot("panda"), CATALOG.asset("push_button")
    return SceneSpec(
        task="press",
        robot=robot,
        robot_start=(*robot.home, robot.gripper.max_width),
        placements=(Placement(name="bell", asset=spec, pose=(0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)),),
    )


@pytest.mark.parametrize("name", ARTICULATED)
def test_a_card_says_of_springs_what_the_model_says(name: str) -> None:
    spec = CATALOG.asset(name)
    model = mj.MjModel.from_xml_path(str(CATALOG.folder(spec) / spec.model))
    for joint in spec.joints:
        assert joint.stiffness == pytest.approx(float(np.atleast_1d(model.joint(joint.name).stiffness)[0]))


def test_what_is_pressed_springs_back_or_latches_and_says_where_to_press() -> None:
    for name in (n for n in CATALOG.assets if CATALOG.asset(n).can("pressable")):
        spec = CATALOG.asset(name)
        pressed = [j for j in spec.joints if "press" in spec.links[j.link].axes]
        assert pressed, name
        assert all(j.stiffness > 0 for j in pressed) or name == "table_lamp", "only the lamp's switch latches"
        for joint in pressed:
            link = spec.links[joint.link]
            assert link.axes["press"] == pytest.approx(joint.axis)
            assert "button" in link.keypoints


@pytest.mark.physics
def test_a_spring_is_exported_to_mjcf_and_to_usd(buttons: SceneSpec, tmp_path: Path) -> None:
    model = physical_model(buttons, CATALOG)
    plain = mj.MjModel.from_xml_path(str(export_scene(model, tmp_path / "mjcf", format="mjcf")))
    assert np.atleast_1d(plain.joint("bell/button_press").stiffness)[0] == pytest.approx(700.0)
    stage = Usd.Stage.Open(str(export_scene(model, tmp_path / "usd", format="usd")))
    (prim,) = [p for p in stage.Traverse() if p.GetName() == "button_press"]
    drive = UsdPhysics.DriveAPI(prim, "linear")
    assert drive.GetStiffnessAttr().Get() == pytest.approx(700.0)
    assert drive.GetTargetPositionAttr().Get() == pytest.approx(0.0)


@pytest.mark.parametrize(("rest", "kept"), [("", 120.0), ('springref="0.005"', 0.0)])
def test_an_import_keeps_a_spring_that_rests_at_0(tmp_path: Path, rest: str, kept: float) -> None:
    file = tmp_path / "button.xml"
    file.write_text(BUTTON.format(rest=rest))
    draft = import_file(file, ImportOptions(name="button", method="hull", fixed=True)).draft
    (body,) = [b for b in draft.bodies.values() if b.joint is not None]
    assert body.joint is not None
    assert body.joint.stiffness == pytest.approx(kept)
    assert body.joint_attributes.get("stiffness") == ("120" if kept else None)
