"""Packing that is killed, runs out of disk or loses its right to write: committed episodes stay, the rest follows."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from pipeline.core.errors import DatasetError
from pipeline.dataset import open_dataset
from pipeline.dataset.part import write_part
from pipeline.dataset.verify import verify

CHILD = Path(__file__).with_name("packing_child.py")
META = {"name": "toys", "val_fraction": 0.5}
COMMIT_ROWS = 12
FILMS = ("rgb", "depth")
KINDS = ("moment", "operation", "operation", "full", "read_only")
"""SIGKILL after a random time, SIGKILL before a random file operation, a disk too small, one that turns read-only."""


@dataclass
class Server:
    """The process that packs in forks of itself."""

    process: subprocess.Popen[str]
    seconds: float = 1.0  # of an undisturbed run
    operations: int = 100  # of an undisturbed run

    def start(self, out: Path, parts: list[Path], **more: Any) -> int:
        request = {"out": str(out), "parts": [str(p) for p in parts], "meta": META, "commit_rows": COMMIT_ROWS, **more}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.line()

    def line(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


@dataclass
class Volume:
    """A small file system in memory where that may be mounted, else a folder with other means to the same end."""

    folder: Path
    mounted: bool

    def grow(self) -> None:
        if self.mounted:
            _mount(self.folder, "remount,rw,size=64m")


def _mount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", options, str(folder)], check=True, capture_output=True)


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Volume]:
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], capture_output=True)
    yield Volume(folder, made.returncode == 0)
    if made.returncode == 0:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture(scope="module")
def parts(builder, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("parts")
    for k in range(3):
        seeds = (2 * k, 2 * k + 1)
        batch = [builder.episode(s, steps=6 + s % 3, drawers=k % 2, cameras=("front",), channels=FILMS) for s in seeds]
        write_part(folder / str(k), batch, store=builder.ToyStore())
    return [folder / str(k) for k in range(3)]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, str(CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(CHILD.parents[3])},
    )  # fmt: skip
    yield Server(process)
    assert process.stdin is not None
    process.stdin.close()
    process.wait(timeout=60)


@pytest.fixture(scope="module")
def undisturbed(server: Server, parts: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset of a run that nothing happened to; the server knows then how many operations one takes."""
    folder = tmp_path_factory.mktemp("undisturbed")
    server.start(folder / "dataset.zarr", parts, count_to=str(folder / "count"))
    assert server.line() == 0
    server.operations = int((folder / "count").read_text())
    return folder / "dataset.zarr"


def contents(place: Path) -> dict[str, bytes]:
    """Every file of a store by its path."""
    return {str(p.relative_to(place)): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}


def committed(out: Path, expected: dict[str, np.ndarray], boundaries: set[int]) -> int:
    """Number of episodes that a plain reader finds, every one as expected; 0 when nothing was ever committed."""
    if not (out / "meta" / "episode_ends" / "zarr.json").exists():
        with pytest.raises(DatasetError, match=r"No dataset|never committed"):
            open_dataset(out)
        return 0
    assert verify(out) == []
    root = zarr.open_group(out, mode="r")
    ends = root["meta/episode_ends"][:]
    assert len(ends) in boundaries
    for path, array in expected.items():
        rows = ends[-1] if path.startswith("data/") else len(ends)
        found = root[path][:rows]
        assert found.dtype == array.dtype, path
        assert np.array_equal(found, array[:rows], equal_nan=array.dtype.kind == "f"), path
    return len(ends)


def disturb(kind: str, server: Server, parts: list[Path], volume: Volume, rng: np.random.Generator) -> str:
    """Pack, and let something go wrong; says what came of it."""
    out = volume.folder / "dataset.zarr"
    if kind == "operation":
        server.start(out, parts, kill_at=int(rng.integers(1, server.operations + 1)))
    elif kind == "full":
        more = {} if volume.mounted else {"file_bytes": int(rng.integers(300, 20_000))}
        if volume.mounted:
            used = shutil.disk_usage(volume.folder).used // 1024
            _mount(volume.folder, f"remount,size={used + int(rng.integers(4, 400))}k")
        server.start(out, parts, **more)
    elif kind == "read_only":
        server.start(out, parts, protect_at=int(rng.integers(1, server.operations + 1)))
    else:
        child = server.start(out, parts)
        time.sleep(rng.uniform(0, 1.05) * server.seconds)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    code = server.line()
    volume.grow()
    assert code in (0, 3, -signal.SIGKILL), f"{kind} ended with {code}"
    return f"{kind}: {({0: 'finished', 3: 'refused', -9: 'killed'})[code]}"


def crash_and_go_on(seed: int, server: Server, parts: list[Path], undisturbed: Path, volume: Volume) -> list[str]:
    """One run that goes wrong once or twice and is then left alone; says what happened."""
    rng = np.random.default_rng(seed)
    out, happened = volume.folder / "dataset.zarr", list[str]()
    root = zarr.open_group(undisturbed, mode="r")
    expected = {f"{g}/{n}": a[:] for g in ("data", "meta") for n, a in root[g].arrays()}
    boundaries, before = set(range(2, 7, 2)), 0
    for _ in range(int(rng.integers(1, 3))):
        kind = KINDS[(seed + len(happened)) % len(KINDS)]
        happened.append(disturb(kind, server, parts, volume, rng))
        now = committed(out, expected, boundaries)
        assert now >= before, "a committed episode is never lost"
        before = now
    server.start(out, parts)
    assert server.line() == 0
    assert contents(out) == contents(undisturbed)
    assert [p.name for p in volume.folder.iterdir()] == ["dataset.zarr"]
    shutil.rmtree(out)
    return happened


def measure(server: Server, parts: list[Path], volume: Volume) -> None:
    """How long an undisturbed run takes here and now, so that the moments chosen lie within one."""
    began = time.monotonic()
    server.start(volume.folder / "dataset.zarr", parts)
    assert server.line() == 0
    server.seconds = time.monotonic() - began
    shutil.rmtree(volume.folder / "dataset.zarr")


def crash_runs(count: int, server: Server, parts: list[Path], undisturbed: Path, volume: Volume) -> Counter[str]:
    happened: Counter[str] = Counter()
    for seed in range(count):
        if seed % 20 == 0:
            measure(server, parts, volume)
        happened.update(crash_and_go_on(seed, server, parts, undisturbed, volume))
        if seed % 20 == 19:
            print(f"\n{seed + 1} runs: {dict(sorted(happened.items()))}", flush=True)
    return happened


def test_ten_runs_that_go_wrong_at_random_end_like_one_that_does_not(
    server: Server, parts: list[Path], undisturbed: Path, volume: Volume
) -> None:
    happened = crash_runs(10, server, parts, undisturbed, volume)
    assert any(what.endswith("killed") for what in happened)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_two_hundred_runs_that_go_wrong_at_random_end_like_one_that_does_not(
    server: Server, parts: list[Path], undisturbed: Path, volume: Volume
) -> None:
    happened = crash_runs(200, server, parts, undisturbed, volume)
    print(f"\n200 runs, {sum(happened.values())} disturbances: {dict(sorted(happened.items()))}")
    for kind in ("moment: killed", "operation: killed", "full: refused", "read_only: refused"):
        assert happened[kind] > 20, f"{kind} hardly ever happened"
