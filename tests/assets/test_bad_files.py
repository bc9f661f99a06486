"""Broken imports: each bad file gets one clear error that names it and the next step, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh

from assets.importers.files import ImportOptions, import_file
from pipeline.core.errors import InvalidInputError, UnknownNameError

Maker = Callable[[Path], Path]
LINK = '<link name="{0}"><visual><geometry><box size="0.1 0.1 0.1"/></geometry></visual></link>'


def _text(name: str, content: str | bytes) -> Maker:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


def _box(name: str, size: tuple[float, float, float]) -> Maker:
    def make(folder: Path) -> Path:
        trimesh.creation.box(size).export(folder / name)
        return folder / name

    return make


def _stl(vertices: np.ndarray) -> bytes:
    faces = b"".join(struct.pack("<12fH", 0, 0, 1, *t.ravel(), 0) for t in vertices.reshape(-1, 3, 3).astype("<f4"))
    return bytes(80) + struct.pack("<I", len(vertices) // 3) + faces


def _box_stl(spoilt: float) -> bytes:
    corners = np.array(trimesh.creation.box((0.1, 0.1, 0.1)).triangles).reshape(-1, 3)
    corners[4, 1] = spoilt
    return _stl(corners)


def _glb(tree: bytes, *, claimed: int | None = None, kind: int = 0x4E4F534A) -> bytes:
    size = 20 + len(tree)
    return struct.pack("<4sIIII", b"glTF", 2, claimed or size, len(tree), kind) + tree


def _gltf(**parts: object) -> str:
    return json.dumps({"asset": {"version": "2.0"}, **parts})


def _many_faces_gltf() -> str:
    accessors, meshes = [{"count": 30_000_000}], [{"primitives": [{"indices": 0, "attributes": {}}]}]
    return _gltf(accessors=accessors, meshes=meshes)


def _huge_stl(folder: Path) -> Path:
    """Ten million faces, as far as head and size go: the file is sparse."""
    path = folder / "huge.stl"
    with path.open("wb") as file:
        file.write(bytes(80) + struct.pack("<I", 9_900_000))
        file.truncate(84 + 50 * 9_900_000)
    return path


def _many_faces_obj(folder: Path) -> Path:
    path = folder / "many.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\n" + "f 1 2 3\n" * 2_000_001)
    return path


def _truncated(name: str) -> Maker:
    def make(folder: Path) -> Path:
        path = folder / name
        trimesh.creation.icosphere(2, 0.05).export(path)
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])
        return path

    return make


def _urdf(body: str) -> Maker:
    return _text("thing.urdf", f'<robot name="r">{body}</robot>')


def _joint(kind: str, parent: str, child: str, inner: str = "", name: str = "j") -> str:
    return f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>{inner}</joint>'


def _mesh_link(filename: str, scale: str = "1 1 1") -> str:
    return f'<link name="a"><visual><geometry><mesh filename="{filename}" scale="{scale}"/></geometry></visual></link>'


def _linked_outside(folder: Path) -> Path:
    """A mesh beside the URDF that is a symbolic link to a file elsewhere."""
    elsewhere = folder.parent / "elsewhere.stl"
    trimesh.creation.box((0.1, 0.1, 0.1)).export(elsewhere)
    (folder / "mesh.stl").symlink_to(elsewhere)
    return _urdf(_mesh_link("mesh.stl"))(folder)


def _scaled_to_nothing(folder: Path) -> Path:
    _box("mesh.stl", (0.1, 0.1, 0.1))(folder)
    return _urdf(_mesh_link("mesh.stl", "1 0 1"))(folder)


def _with_material(library: str, image: str) -> Maker:
    def make(folder: Path) -> Path:
        (folder / "thing.mtl").write_text(f"newmtl m\nmap_Kd {image}\n")
        text = f"mtllib {library}\nusemtl m\n" + trimesh.exchange.obj.export_obj(trimesh.creation.box((0.1, 0.1, 0.1)))
        (folder / "thing.obj").write_text(text)
        return folder / "thing.obj"

    return make


BOMB = '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><robot name="r">&b;</robot>'
MJCF = '<mujoco><worldbody><body name="b"><geom size="0.1"/></body></worldbody>{0}</mujoco>'
CASES: dict[str, tuple[Maker, list[str]]] = {
    "no such file": (lambda folder: folder / "absent.obj", ["absent.obj", "no such file"]),
    "a folder": (lambda folder: folder, ["is a folder", ".obj"]),
    "an unknown ending": (_text("thing.blend", "x"), [".blend", "not known", ".glb"]),
    "an empty file": (_text("thing.obj", ""), ["is empty", "Export it again"]),
    "only blanks": (_text("thing.ply", " \n \n"), ["is empty"]),
    "prose in an OBJ": (_text("thing.obj", "Dear reader,\nthis is not a mesh.\n"), ["thing.obj", "Cannot import"]),
    "prose in an STL": (_text("thing.stl", "Dear reader"), ["neither a text nor a binary STL"]),
    "a text STL without faces": (_text("thing.stl", "solid x\nendsolid x\n"), ["Cannot import"]),
    "noise in a GLB": (_text("thing.glb", os.urandom(400)), ["does not start as a binary glTF"]),
    "prose in a PLY": (_text("thing.ply", "Dear reader"), ["does not start with 'ply'"]),
    "points without faces": (_text("thing.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\n"), ["Cannot import", "thing.obj"]),
    "NaN": (_text("thing.stl", _box_stl(np.nan)), ["NaN or infinite"]),
    "infinity": (_text("thing.stl", _box_stl(np.inf)), ["NaN or infinite"]),
    "a flat sheet": (_box("thing.stl", (0.1, 0.1, 1e-6)), ["flat", "zero volume", "thickness"]),
    "one triangle": (_text("thing.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"), ["at least 4"]),
    "faces to nowhere": (_text("thing.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\n" + "f 1 2 9\n" * 5), ["Cannot import"]),
    "ten million faces claimed": (_huge_stl, ["9,900,000 faces", "allowed 2,000,000", "Decimate"]),
    "two million faces in text": (_many_faces_obj, ["2,000,001 faces", "Decimate"]),
    "ten million faces in glTF": (_text("thing.gltf", _many_faces_gltf()), ["10,000,000 faces"]),
    "a head that lies": (_text("thing.stl", bytes(80) + struct.pack("<I", 900) + bytes(50)), ["claims 900 faces"]),
    "a cut STL": (_truncated("thing.stl"), ["its head claims"]),
    "a cut PLY": (_truncated("thing.ply"), ["thing.ply"]),
    "a cut GLB": (_truncated("thing.glb"), ["its head claims"]),
    "a PLY header without end": (
        _text("thing.ply", "ply\nformat ascii 1.0\nelement vertex 3\n"),
        ["header has no end"],
    ),
    "a GLB with broken JSON": (_text("thing.glb", _glb(b'{"asset": {"ver')), ["JSON is broken"]),
    "a GLB of version 1": (_text("t.glb", struct.pack("<4sIIII", b"glTF", 1, 20, 0, 0)), ["version 1", "allowed 2"]),
    "a GLB without JSON": (_text("t.glb", _glb(b"{}", kind=0x004E4942)), ["first chunk is not JSON"]),
    "a glTF that is a list": (_text("t.gltf", "[1, 2]"), ["JSON is broken"]),
    "a glTF buffer outside": (_text("t.gltf", _gltf(buffers=[{"uri": "../../x.bin"}])), ["outside its folder"]),
    "a glTF buffer missing": (_text("t.gltf", _gltf(buffers=[{"uri": "x.bin"}])), ["x.bin", "is not there"]),
    "a texture outside": (_with_material("thing.mtl", "../../../etc/passwd"), ["etc/passwd", "outside its folder"]),
    "a material file outside": (_with_material("../../x.mtl", "t.png"), ["../../x.mtl", "outside its folder"]),
    "XML cut short": (_text("t.urdf", "<robot><link"), ["not well-formed XML"]),
    "an entity bomb": (_text("t.urdf", BOMB), ["DOCTYPE", "not allowed"]),
    "an entity bomb in MJCF": (_text("t.xml", BOMB), ["DOCTYPE", "not allowed"]),
    "not a URDF": (_text("t.urdf", "<sdf/>"), ["<sdf>", "expected <robot>"]),
    "no links": (_urdf(""), ["no <link>"]),
    "a link without geometry": (_urdf('<link name="a"/>'), ["has no geometry"]),
    "a missing mesh": (_urdf(_mesh_link("gone.stl")), ["gone.stl", "is not there"]),
    "a mesh outside": (_urdf(_mesh_link("../gone.stl")), ["outside its folder", "--within"]),
    "a mesh by absolute path": (_urdf(_mesh_link("/etc/passwd")), ["outside its folder"]),
    "a mesh linked outside": (_linked_outside, ["outside its folder"]),
    "an unresolved package": (_urdf(_mesh_link("package://p/m.stl")), ["package://p/m.stl", "--within"]),
    "a mesh of unknown kind": (_urdf(_mesh_link("thing.urdf")), ["Allowed mesh formats"]),
    "a mesh of scale zero": (_scaled_to_nothing, ["scale must not be zero"]),
    "a loop": (
        _urdf(LINK.format("r") + LINK.format("a") + LINK.format("b") + _joint("fixed", "a", "b")
              + _joint("fixed", "b", "a", name="k")),
        ["loop"],
    ),
    "two roots": (_urdf(LINK.format("a") + LINK.format("b")), ["several root links: a, b", "fixed joints"]),
    "two links of one name": (_urdf(LINK.format("a") * 2), ["'a' is missing or taken"]),
    "a joint to nowhere": (_urdf(LINK.format("a") + _joint("fixed", "a", "z")), ["names the link 'z'"]),
    "an unknown joint type": (
        _urdf(LINK.format("a") + LINK.format("b") + _joint("screw", "a", "b")), ["'screw'", "prismatic"]
    ),
    "missing limits": (_urdf(LINK.format("a") + LINK.format("b") + _joint("revolute", "a", "b")), ["no <limit>"]),
    "limits the wrong way": (
        _urdf(LINK.format("a") + LINK.format("b") + _joint("revolute", "a", "b", '<limit lower="1" upper="0"/>')),
        ["lower must be less than upper"],
    ),
    "a negative mass": (
        _urdf(LINK.format("a").replace("</link>", '<inertial><mass value="-1"/></inertial></link>')), ["-1 kg"]
    ),
    "words for numbers": (_urdf(LINK.format("a").replace("0.1 0.1 0.1", "big")), ["size", "finite numbers"]),
    "an MJCF with two objects": (
        _text("t.xml", MJCF.replace("</worldbody>", '<body><geom size="1"/></body></worldbody>').format("")),
        ["2 bodies", "expected one"],
    ),
    "an MJCF that does not compile": (_text("t.xml", MJCF.format("<nonsense/>")), ["MuJoCo cannot compile"]),
    "an include outside": (_text("t.xml", MJCF.format('<include file="../x.xml"/>')), ["outside its folder"]),
    "an include of itself": (_text("t.xml", MJCF.format('<include file="t.xml"/>')), ["must not include itself"]),
    "a plugin": (_text("t.xml", MJCF.format('<extension><plugin plugin="p"/></extension>')), ["not allowed"]),
    "an MJCF mesh missing": (
        _text("t.xml", MJCF.format('<asset><mesh file="m.stl"/></asset>')),
        ["m.stl", "not there"],
    ),
    "a house": (_box("thing.stl", (12.0, 8.0, 6.0)), ["12 m", "--unit cm gives 0.12 m"]),
    "a grain": (_box("thing.stl", (0.001, 0.001, 0.0015)), ["0.0015 m", "none of m, cm, mm, inch fits"]),
    "a broken USD": (_text("t.usda", "not usd"), ["t.usda"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_is_refused_with_its_name_and_the_reason(case: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    make, fragments = CASES[case]
    path = make(folder)
    with pytest.raises(InvalidInputError) as told:
        import_file(path, ImportOptions(method="hull"))
    message = str(told.value)
    for fragment in fragments:
        assert fragment in message
    assert "Traceback" not in message
    assert len(message) < 1500


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        (ImportOptions(name="../evil"), "small letters"),
        (ImportOptions(name=""), "small letters"),
        (ImportOptions(scale=0.0), "--scale 0"),
        (ImportOptions(scale=float("nan")), "--scale nan"),
        (ImportOptions(mass=-1.0), "--mass -1"),
        (ImportOptions(faces=3), "--faces 3"),
        (ImportOptions(within=Path("/usr")), "--within"),
    ],
)
def test_options_out_of_range_are_refused(options: ImportOptions, fragment: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as told:
        import_file(_box("thing.stl", (0.1, 0.1, 0.1))(tmp_path), options)
    assert fragment in str(told.value)


def test_an_unknown_material_is_answered_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'ceramic'"):
        import_file(_box("thing.stl", (0.1, 0.1, 0.1))(tmp_path), ImportOptions(material="ceramics"))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = _box("thing.stl", (0.1, 0.1, 0.1))(tmp_path)
    path.chmod(0)
    with pytest.raises(InvalidInputError, match="permissions"):
        import_file(path)
