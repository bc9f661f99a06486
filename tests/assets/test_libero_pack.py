"""LIBERO's asset pack: objects written as its files write them are mended, imported and play themselves."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh

from assets.catalog import LibraryCatalog
from assets.importers.libero import find_models, import_original
from assets.importers.meshes import write_msh
from flows.cli import main
from pipeline.core.errors import InvalidInputError

BDDL = Path(__file__).parents[1] / "task_gen" / "libero"
GEOM = 'solimp="0.998 0.998 0.001" solref="0.001 1" density="100" friction="0.95 0.3 0.1"'
MARKS = """<site size="0.005" pos="0 0 -0.06" name="bottom_site"/><site size="0.005" pos="0 0 0.04" name="top_site"/>
<site size="0.005" pos="0.03 0.03 0" name="horizontal_radius_site"/>"""


def solid(pos: tuple[float, ...], half: tuple[float, ...]) -> str:
    p, h = (" ".join(f"{v:g}" for v in row) for row in (pos, half))
    return f'<geom {GEOM} type="box" pos="{p}" size="{h}" group="0" rgba="0.8 0.8 0.8 0.3"/>'


def model(name: str, body: str, assets: str = "", size: str = "") -> str:
    return f"""<mujoco model="{name}"><compiler angle="radian" meshdir="./"/>{size}<asset>{assets}</asset><worldbody>
    <body><body name="object">{body}</body>{MARKS}</body></worldbody></mujoco>"""


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Milk that lies along y with a visual mesh, a basket with a region, a cabinet with three drawers."""
    root = tmp_path_factory.mktemp("pack") / "assets"
    milk = root / "stable_hope_objects" / "milk"
    (milk / "visual").mkdir(parents=True)
    write_msh(milk / "visual" / "textured_vis.msh", trimesh.creation.box((7.0, 17.0, 7.0)), shaded=False)
    seen = f'<geom {GEOM} type="mesh" mesh="textured_vis" conaffinity="0" contype="0" group="1"/>'
    mesh = '<mesh file="visual/textured_vis.msh" name="textured_vis" scale="0.0075 0.0075 0.0075"/>'
    (milk / "milk.xml").write_text(model("textured", seen + solid((0, 0, 0), (0.026, 0.065, 0.026)), mesh))
    basket = root / "stable_scanned_objects" / "basket"
    basket.mkdir(parents=True)
    walls = [solid((s * 0.075, 0, 0.07), (0.007, 0.08, 0.07)) for s in (-1, 1)]
    walls += [solid((0, s * 0.07, 0.07), (0.08, 0.007, 0.07)) for s in (-1, 1)]
    region = '<site type="box" pos="0 0 0.07185" quat="0 0 0 1" size="0.06 0.055 0.0695" name="contain_region"/>'
    basket.joinpath("basket.xml").write_text(
        model("basket", region + "".join(walls) + solid((0, 0, 0.006), (0.08, 0.08, 0.006)))
    )
    (root / "articulated_objects").mkdir()
    (root / "articulated_objects" / "wooden_cabinet.xml").write_text(_cabinet())
    return root


def _cabinet() -> str:
    """As the pack's: regions turned by a quarter, inertia by hand, an obsolete size, one texture name twice."""
    shell = [solid((s * 0.12, 0, 0.11), (0.005, 0.09, 0.11)) for s in (-1, 1)]
    shell += [solid((0, 0.09, 0.11), (0.12, 0.005, 0.11)), solid((0, 0, 0.215), (0.125, 0.09, 0.005))]
    top = '<site type="box" pos="0 0.015 0.2215" size="0.125 0.094 0.0015" name="top_side"/>'
    drawers = ""
    for name, z in (("top", 0.18), ("middle", 0.115), ("bottom", 0.05)):
        tray = [solid((0, 0, z - 0.03), (0.1, 0.075, 0.003)), solid((0, -0.08, z), (0.1, 0.005, 0.03))]
        tray += [solid((0, 0.075, z), (0.1, 0.003, 0.028)), solid((0, -0.11, z), (0.03, 0.006, 0.006))]
        tray += [solid((s * 0.1, 0, z), (0.003, 0.075, 0.028)) for s in (-1, 1)]
        tray += [solid((0, -0.097, z), (0.004, 0.014, 0.004))]
        drawers += f"""<body name="cabinet_{name}"><inertial pos="0 0 0" mass="3" diaginertia="1 1 1"/>
        <joint name="{name}_level" type="slide" axis="0 1 0" limited="true" range="-0.16 0.01" damping="50"/>
        <site type="box" pos="0 0 {z}" quat="0.70711 0 0.70711 0" size="0.028 0.07 0.095" name="{name}_region"/>
        {"".join(tray)}</body>"""
    texture = '<texture name="tex" type="2d" builtin="flat" width="4" height="4" rgb1="0.4 0.3 0.2"/>'
    material = '<material name="{}" texture="tex"/>'
    assets = texture + material.format("one") + texture + material.format("two")
    body = f'<body name="base">{top}{"".join(shell)}{drawers}</body>'
    return model("wooden_cabinet", body, assets, size='<size njmax="500" nconmax="100"/>')


def imported(pack: Path, root: Path, category: str, *, fixed: bool = False):
    return import_original(category, find_models(pack)[category], pack, root, fixed=fixed)


def test_the_packs_models_are_found_by_category(pack: Path) -> None:
    assert set(find_models(pack)) == set(find_models(pack.parent)) == {"milk", "basket", "wooden_cabinet"}


def test_a_carton_stands_up_and_weighs_what_collides(pack: Path, tmp_path: Path) -> None:
    milk = imported(pack, tmp_path, "milk")
    bounds = milk.links[""].bounds
    assert (milk.name, milk.category, milk.noun) == ("libero_milk", "milk", "milk")
    assert np.allclose(bounds.half, (0.026, 0.026, 0.065), atol=1e-3)
    assert bounds.pose[2] == pytest.approx(0.065, abs=1e-3)
    assert milk.mass == pytest.approx(100 * 0.052 * 0.13 * 0.052, rel=0.02)
    assert milk.can("graspable")
    assert milk.licence.spdx == "CC-BY-NC-SA-4.0"


def test_a_region_becomes_the_inside_of_what_it_is_in(pack: Path, tmp_path: Path) -> None:
    cavity = imported(pack, tmp_path, "basket").links[""].cavity
    assert cavity is not None
    assert np.allclose(cavity.half, (0.06, 0.055, 0.0695), atol=1e-4)
    assert np.allclose(cavity.pose[:3], (0, 0, 0.07185), atol=2e-3)


def test_a_cabinet_keeps_its_drawers_their_insides_and_its_top(pack: Path, tmp_path: Path) -> None:
    cabinet = imported(pack, tmp_path, "wooden_cabinet", fixed=True)
    assert [(j.link, j.lower, j.upper, j.opens) for j in cabinet.joints] == [
        (f"cabinet_{name}", -0.16, 0.01, "lower") for name in ("top", "middle", "bottom")
    ]
    heights = []
    for joint in cabinet.joints:
        cavity = cabinet.links[joint.link].cavity
        assert cavity is not None
        assert np.allclose(cavity.half, (0.095, 0.07, 0.028), atol=1e-3)
        heights.append(cavity.pose[2])
    assert heights == sorted(heights, reverse=True)
    support = cabinet.links[""].support
    assert support is not None
    assert support.pose[2] == pytest.approx(0.22, abs=2e-3)
    assert cabinet.links["cabinet_top"].grasps


def test_broken_packs_are_told(pack: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="is not LIBERO's asset folder"):
        find_models(tmp_path)
    bad = tmp_path / "pack" / "stable_hope_objects" / "milk"
    bad.mkdir(parents=True)
    (bad / "milk.xml").write_text(model("m", "", '<mesh name="m" file="visual/none.msh"/>'))
    with pytest.raises(InvalidInputError, match=r"refers to .visual/none\.msh., which is not there"):
        imported(tmp_path / "pack", tmp_path / "lib", "milk")
    (bad / "milk.xml").write_text(model("m", "", '<mesh name="m" file="../../../../secret.msh"/>'))
    with pytest.raises(InvalidInputError, match="lies outside its folder"):
        imported(tmp_path / "pack", tmp_path / "lib", "milk")
    assert not (tmp_path / "lib").exists() or not list((tmp_path / "lib").rglob("card.json"))


def test_with_the_pack_the_original_objects_play_themselves(
    pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TASKLOOM_ASSETS", str(tmp_path / "mine"))
    files = [
        BDDL / "libero_object" / "pick_up_the_milk_and_place_it_in_the_basket.bddl",
        BDDL / "libero_goal" / "open_the_middle_drawer_of_the_cabinet.bddl",
    ]
    words = ["taskloom", "tasks", "import", *map(str, files), "--libero-assets", str(pack), "--json"]
    for _ in range(2):  # the second time everything is there already
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            main()
        assert int(ended.value.code or 0) == 0
        told = json.loads(capsys.readouterr().out)
        milk, drawer = told["reports"]
        how = {m["name"]: (m["asset"], m["how"]) for r in (milk, drawer) for m in r["mapped"]}
        assert how["milk_1"] == ("libero_milk", "original")
        assert how["basket_1"] == ("libero_basket", "original")
        assert how["wooden_cabinet_1"] == ("libero_wooden_cabinet", "original")
        assert how["butter_1"][1] != "original"
        assert drawer["task"]["goal"] == "(is_open wooden_cabinet_1/cabinet_middle)"
        assert milk["task"]["instruction"] == "Pick the milk and place it in the basket"
        assert {n["category"] for n in told["pack"]} >= {"butter", "flat_stove"}
    assert set(LibraryCatalog().assets) >= {"libero_milk", "libero_basket", "libero_wooden_cabinet"}
