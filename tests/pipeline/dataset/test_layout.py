"""LAYOUT.md says of every array, chunk and attribute what is on disk."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import zarr

from pipeline.dataset import layout
from pipeline.dataset.attrs import DatasetMeta
from pipeline.dataset.pack import pack
from pipeline.dataset.part import write_part

TEXT = Path(layout.__file__).with_name("LAYOUT.md").read_text()
CAMERAS = ("front", "wrist")
SIZES = {"D": 4, "J": 3, "G": 1, "N": 16, "K": 8, "H": 4, "W": 6}
"""What the letters of the tables stand for in the toys' dataset."""


def section(title: str) -> str:
    return re.split(r"^## ", TEXT, flags=re.M)[
        [s.split("\n")[0] for s in re.split(r"^## ", TEXT, flags=re.M)].index(title)
    ]


def table(title: str) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and row of every array that a section lists; a camera's arrays once for each camera."""
    found: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name, kind, row in re.findall(r"^\| `([\w<>]+)` \| (\w+) \| ([\w,]*) ?\|", section(title), flags=re.M):
        shape = tuple(SIZES[n] if n in SIZES else int(n) for n in row.split(",") if n)
        for camera in CAMERAS if "<camera>" in name else ("",):
            found[name.replace("<camera>", camera)] = (kind, shape)
    return found


@pytest.fixture(scope="module")
def filmed(builder, tmp_path_factory: pytest.TempPathFactory) -> zarr.Group:
    folder = tmp_path_factory.mktemp("filmed")
    write_part(folder / "part", [builder.episode(1, channels=("rgb", "depth", "seg"))], store=builder.ToyStore())
    pack([folder / "part"], folder / "dataset.zarr", meta=DatasetMeta(name="toys"))
    return zarr.open_group(folder / "dataset.zarr", mode="r")


@pytest.mark.parametrize("group", ["data", "meta", "assets"])
def test_every_array_is_listed_with_its_type_and_row(filmed: zarr.Group, group: str) -> None:
    stored = {}
    for name, array in filmed[group].arrays():
        kind = array.metadata.to_dict()["data_type"]
        stored[name] = (kind, array.shape[1:])
    assert stored == table(f"{group}/")
    assert sorted(stored) == filmed.attrs["arrays"][group]


def test_chunks_and_shards_are_those_listed(filmed: zarr.Group) -> None:
    rows = dict(re.findall(r"^\| (image|numbers|text|`assets/bytes`) \| (\d+) \|", section("data/"), flags=re.M))
    for path, kind in {
        "data/rgb_front": "image", "data/depth_wrist": "image", "data/seg_front": "image", "data/action": "numbers",
        "data/success": "numbers", "meta/episode_ends": "numbers", "meta/episode_json": "text",
        "assets/bytes": "`assets/bytes`",
    }.items():  # fmt: skip
        array = filmed[path]
        assert array.chunks[0] == int(rows[kind]), path
        assert array.shards[0] % array.chunks[0] == 0


@pytest.mark.parametrize(
    ("spec", "rows"),
    [
        (layout.ArraySpec("rgb_a", "uint8", (128, 128, 3)), 512 * 2**20 // (128 * 128 * 3) // 4 * 4),
        (layout.ArraySpec("rgb_a", "uint8", (4, 6, 3)), 16384),
        (layout.ArraySpec("action", "float32", (8,)), 262144),
        (layout.ArraySpec("object_pose", "float32", (64, 7)), 128 * 2**20 // (64 * 7 * 4) // 1024 * 1024),
        (layout.ArraySpec("episode_json", "string"), 8192),
    ],
)
def test_shards_are_as_long_as_written(spec: layout.ArraySpec, rows: int) -> None:
    assert spec.shard_rows == rows


def test_codecs_are_those_that_are_written_down(filmed: zarr.Group) -> None:
    for group in ("data", "meta", "assets"):
        for name, array in filmed[group].arrays():
            (outer,) = array.metadata.to_dict()["codecs"]
            assert outer["name"] == "sharding_indexed"
            settings = outer["configuration"]
            assert [c["name"] for c in settings["index_codecs"]] == ["bytes", "crc32c"]
            first = "vlen-utf8" if array.metadata.to_dict()["data_type"] == "string" else "bytes"
            packing = ["blosc", "crc32c"] if name.startswith("depth_") else ["zstd"]
            assert [c["name"] for c in settings["codecs"]] == [first, *packing], name
            assert "zstd" not in packing or settings["codecs"][1]["configuration"]["checksum"]


def test_every_attribute_is_listed(filmed: zarr.Group) -> None:
    lines = re.findall(r"^\| (`[^|]+) \|", section("The root's attributes"), flags=re.M)
    assert {name for line in lines for name in re.findall(r"`(\w+)`", line)} == set(filmed.attrs)


def test_the_record_has_the_fields_that_are_listed(filmed: zarr.Group) -> None:
    import json

    (text,) = re.findall(r"The record of `episode_json`: (.*?)\. In `scene`", section("meta/"), flags=re.S)
    plain = re.sub(r"\([^)]*\)", "", text)
    assert set(re.findall(r"`(\w+)`", plain)) == set(json.loads(str(filmed["meta/episode_json"][0])))
