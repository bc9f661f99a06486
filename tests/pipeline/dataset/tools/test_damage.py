"""One flipped byte anywhere is found and placed; repair drops what it hits and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from pipeline.core.errors import DatasetError
from pipeline.dataset import open_dataset
from pipeline.dataset.checks.files import array_of
from pipeline.dataset.mending.repair import repair
from pipeline.dataset.verify import verify

SHARD = "data/rgb_front/c/0/0/0/0"


def files(store: Path) -> list[str]:
    return sorted(p.relative_to(store).as_posix() for p in store.rglob("*") if p.is_file())


def flip(file: Path, position: float, bit: int = 1) -> None:
    content = bytearray(file.read_bytes())
    content[min(int(position * len(content)), len(content) - 1)] ^= bit
    file.write_bytes(content)


def contents(store: Path) -> Iterator[dict[str, bytes]]:
    """Everything of every episode."""
    for episode in open_dataset(store):
        arrays = {name: np.asarray(array).tobytes() for name, array in episode.arrays.items()}
        meta = {n: str(episode.reader.column(n)[episode.index]).encode() for n in ("episode_id", "episode_split")}
        yield arrays | meta | {"record": episode.record.model_dump_json().encode()}


@pytest.fixture(scope="module")
def long(builder: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Episodes long enough for several chunks of pictures."""
    from pipeline.dataset.attrs import DatasetMeta
    from pipeline.dataset.pack import pack
    from pipeline.dataset.part import write_part

    folder = tmp_path_factory.mktemp("long")
    episodes = [builder.episode(k, steps=20, channels=("rgb", "depth")) for k in range(4)]
    write_part(folder / "part", episodes, store=builder.ToyStore())
    pack([folder / "part"], folder / "long.zarr", meta=DatasetMeta(name="long", val_fraction=0.25))
    return folder / "long.zarr"


@pytest.fixture
def hurt(long: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(long, tmp_path / "hurt.zarr"))


@pytest.mark.parametrize("position", [0.0, 0.5, 1.0])
def test_a_flipped_byte_in_any_file_is_found_and_placed(hurt: Path, position: float) -> None:
    for name in files(hurt):
        kept = (hurt / name).read_bytes()
        flip(hurt / name, position)
        found = [p for p in verify(hurt) if p.file == name]
        assert found, name
        assert name == "zarr.json" or found[0].array == array_of(name)
        if "/c/" in name:
            assert found[0].episodes or "all episodes" in found[0].message, name
        (hurt / name).write_bytes(kept)
    assert verify(hurt) == []


def test_damage_in_a_picture_names_its_episodes_only(hurt: Path) -> None:
    """Chunks of pictures hold a few frames: one in the middle of the second episode belongs to it alone."""
    shard = hurt / SHARD
    array = zarr.open_array(hurt / "data" / "rgb_front", mode="r")
    chunk = array.chunks[0]
    number = 28 // chunk  # a chunk whose frames are all of episode 1
    assert number * chunk >= 20
    assert (number + 1) * chunk <= 40
    start = _chunk_start(shard, array, number)
    content = bytearray(shard.read_bytes())
    content[start + 40] ^= 4
    shard.write_bytes(content)
    (problem,) = [p for p in verify(hurt) if p.file]
    assert problem.episodes == (1,)
    assert "data/rgb_front" in str(problem)


def _chunk_start(shard: Path, array: Any, number: int) -> int:
    count = array.shards[0] // array.chunks[0]
    raw = shard.read_bytes()
    index = np.frombuffer(raw[len(raw) - 4 - 16 * count : -4], "<u8").reshape(-1, 2)
    return int(index[number, 0])


def test_repair_drops_what_is_hit_and_keeps_the_rest_bit_for_bit(hurt: Path) -> None:
    before = list(contents(hurt))
    array = zarr.open_array(hurt / "data" / "rgb_front", mode="r")
    shard = hurt / SHARD
    start = _chunk_start(shard, array, 28 // array.chunks[0])
    content = bytearray(shard.read_bytes())
    content[start + 40] ^= 4
    shard.write_bytes(content)
    done = repair(hurt)
    assert [d.episode for d in done.dropped] == [1]
    assert "data/rgb_front/c/" in done.dropped[0].reasons[0]
    assert verify(hurt) == []
    assert list(contents(hurt)) == [before[k] for k in (0, 2, 3)]
    assert not repair(hurt).needed


@pytest.mark.parametrize(
    "name",
    [
        "data/action/zarr.json",
        "data/zarr.json",
        "meta/episode_ends/zarr.json",
        "assets/kind/zarr.json",
        "assets/bytes/zarr.json",
        "meta/episode_ends/c/0",
        "meta/episode_id/c/0",
        "meta/episode_split/c/0",
        "meta/episode_task/c/0",
    ],
)
@pytest.mark.parametrize("byte", [20, -1, -7])
def test_what_can_be_made_again_is(hurt: Path, long: Path, name: str, byte: int) -> None:
    content = bytearray((hurt / name).read_bytes())
    content[byte] ^= 1
    (hurt / name).write_bytes(content)
    done = repair(hurt)
    assert done.healed == (name,)
    assert not done.dropped
    assert all((hurt / n).read_bytes() == (long / n).read_bytes() for n in files(long))


@pytest.mark.parametrize("name", [SHARD, "data/qpos/c/0/0", "assets/bytes/c/0", "meta/episode_json/c/0"])
def test_the_index_of_a_shard_is_made_again(hurt: Path, long: Path, name: str) -> None:
    """Any one of its bytes: offsets, lengths, entries of chunks that are absent, the checksum."""
    array = zarr.open_array(hurt / array_of(name), mode="r")
    size = array.shards[0] // array.chunks[0] * 16 + 4
    whole = (hurt / name).read_bytes()
    for back in (1, 4, 5, 20, size - 20, size - 9, size - 8, size - 1, size):
        content = bytearray(whole)
        content[len(content) - back] ^= 2
        (hurt / name).write_bytes(content)
        done = repair(hurt)
        assert done.healed == (name,), back
        assert not done.dropped
    assert all((hurt / n).read_bytes() == (long / n).read_bytes() for n in files(long))


def test_a_dry_repair_changes_nothing(hurt: Path) -> None:
    flip(hurt / "data/qpos/c/0/0", 0.1)
    before = {n: (hurt / n).read_bytes() for n in files(hurt)}
    done = repair(hurt, dry=True)
    assert done.needed
    assert {n: (hurt / n).read_bytes() for n in files(hurt)} == before
    assert [p.name for p in hurt.parent.iterdir()] == ["hurt.zarr"]


def test_foreign_files_and_rows_beyond_the_mark_go(hurt: Path) -> None:
    before = list(contents(hurt))
    (hurt / "notes.txt").write_text("mine")
    root = zarr.open_group(hurt, mode="r+")
    for _name, array in root["data"].arrays():
        array.resize((array.shape[0] + 3, *array.shape[1:]))
    done = repair(hurt)
    assert done.removed == ("notes.txt",)
    assert verify(hurt) == []
    assert list(contents(hurt)) == before


def test_a_dataset_without_a_root_cannot_be_repaired(hurt: Path) -> None:
    (hurt / "zarr.json").write_text("{")
    with pytest.raises(DatasetError, match="zarr"):
        repair(hurt)


def test_a_lost_asset_takes_the_episodes_that_use_it(make: Callable[..., Path], builder: Any) -> None:
    dataset = make("d.zarr", [builder.episode(1), builder.episode(2, objects=("cup", "plate", "lemon"))])
    reader = open_dataset(dataset)
    used = {s for e in reader for s in e.record.cards}
    lemon = next(s for s in used if reader.card(s).name == "lemon")
    start, stop = reader.assets.spans[lemon]
    array = zarr.open_array(dataset / "assets" / "bytes", mode="r+")
    array[start:stop] = 0
    assert [d.episode for d in repair(dataset).dropped] == [1]
    assert verify(dataset) == []
