"""Pulling: what is fetched, what is not fetched again, and that nothing half-done is ever left in place."""

from __future__ import annotations

import filecmp
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.errors import OutputError, TransferError
from pipeline.dataset import open_dataset
from pipeline.dataset.rootfile import ROOT_FILE
from pipeline.dataset.transfer import remote
from pipeline.dataset.transfer.pull import pull


def same(a: Path, b: Path) -> bool:
    """Whether two folders hold the same files with the same bytes."""
    names = [{str(p.relative_to(f)) for p in f.rglob("*") if p.is_file()} for f in (a, b)]
    return names[0] == names[1] and not filecmp.cmpfiles(a, b, sorted(names[0]), shallow=False)[1]


def test_a_dataset_comes_over_http_as_it_is(web: Any, packed: Path, tmp_path: Path) -> None:
    out = tmp_path / "new.zarr"
    done = pull(web.url(), out)
    assert same(packed, out)
    assert done.episodes == 4
    assert [p.name for p in tmp_path.iterdir()] == ["new.zarr"]


def test_pulling_again_fetches_the_root_only(web: Any, tmp_path: Path) -> None:
    out = tmp_path / "new.zarr"
    pull(web.url(), out)
    web.traffic.clear()
    assert pull(web.url(), out).files == 0
    assert list(web.traffic.of("GET")) == ["/dataset.zarr/zarr.json"]


def test_only_the_files_that_changed_are_fetched(make: Any, builder: Any, tmp_path: Path) -> None:
    there, out = make("there.zarr", [builder.episode(1)]), tmp_path / "here.zarr"
    pull(f"file://{there}", out)
    before = open_dataset(there).attrs["files"]
    make("there.zarr", [builder.episode(2), builder.episode(3)])
    after = open_dataset(there).attrs["files"]
    assert pull(f"file://{there}", out).files == sum(before.get(p) != v for p, v in after.items()) + 1
    assert same(there, out)


def test_what_the_server_fails_to_give_is_asked_for_again(
    web: Any, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    count = iter(range(10**6))
    web.traffic.fail = lambda method, path: next(count) % 3 == 1
    pull(web.url(), tmp_path / "new.zarr")
    assert same(packed, tmp_path / "new.zarr")


def test_a_pull_that_broke_goes_on_where_it_stopped(
    web: Any, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    out, asked = tmp_path / "new.zarr", []

    def down(method: str, path: str) -> bool:
        asked.append(path)
        return len(asked) > 40

    web.traffic.fail = down
    with pytest.raises(TransferError, match="run the same command again"):
        pull(web.url(), out)
    assert not out.exists()
    web.traffic.clear()
    pull(web.url(), out)
    assert same(packed, out)
    files = len(open_dataset(out).attrs["files"])
    assert len(web.traffic.of("GET")) <= files - 25


def test_a_pull_that_is_killed_in_a_file_goes_on_in_it(
    web: Any, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "BLOCK", 100)
    out = tmp_path / "new.zarr"
    code = (
        "from pathlib import Path; from pipeline.dataset.transfer import remote; from pipeline.dataset.transfer.pull "
        f"import pull; remote.BLOCK = 100; pull({web.url()!r}, Path({str(out)!r}))"
    )
    child = subprocess.Popen([sys.executable, "-c", code], env=os.environ)
    while child.poll() is None and not (
        len(web.traffic.of("GET")) > 60 and list(tmp_path.glob("new.zarr.pull/*.part"))
    ):
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not out.exists()
    held = sum(p.stat().st_size for p in tmp_path.glob("new.zarr.pull/*"))
    assert held > 0
    web.traffic.clear()
    pull(web.url(), out)
    assert same(packed, out)
    contents = {p.read_bytes() for p in packed.rglob("*") if p.is_file()}
    assert web.traffic.sent == sum(map(len, contents)) - held


def test_a_damaged_file_here_is_fetched_again_when_asked(web: Any, packed: Path, tmp_path: Path) -> None:
    out = tmp_path / "new.zarr"
    pull(web.url(), out)
    shard = next(out.glob("data/rgb_front/c/*/*/*/*"))
    content = bytearray(shard.read_bytes())
    content[5] ^= 1
    shard.write_bytes(content)
    assert pull(web.url(), out, check=True).files == 1
    assert same(packed, out)


def test_another_dataset_is_not_overwritten_unasked(web: Any, packed: Path, make: Any, builder: Any) -> None:
    here = make("here.zarr", [builder.episode(9)])
    with pytest.raises(OutputError, match="--replace"):
        pull(web.url(), here)
    assert len(open_dataset(here)) == 1
    pull(web.url(), here, replace=True)
    assert same(packed, here)


def test_a_folder_of_something_else_is_left_alone(web: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("hello")
    with pytest.raises(OutputError, match="is not a dataset"):
        pull(web.url(), tmp_path / "mine")


def test_a_damaged_root_is_not_believed(copy: Path, tmp_path: Path) -> None:
    root = copy / ROOT_FILE
    root.write_bytes(root.read_bytes().replace(b'"Apache-2.0"', b'"Apache-3.0"', 1))
    with pytest.raises(TransferError, match="damaged"):
        pull(f"file://{copy}", tmp_path / "new.zarr")


def test_nothing_at_the_url_is_said(web: Any, tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="There is no dataset"):
        pull(web.url().replace("dataset", "nothing"), tmp_path / "new.zarr")
