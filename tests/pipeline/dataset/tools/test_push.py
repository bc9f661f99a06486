"""Pushing: what arrives, what is sent again, what a reader sees meanwhile, and what messages do not say."""

from __future__ import annotations

import contextlib
import filecmp
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest

from pipeline.core.errors import DatasetError, DatasetLockedError, TransferError
from pipeline.dataset import open_dataset
from pipeline.dataset.journal import MARK
from pipeline.dataset.lock import writer_lock
from pipeline.dataset.transfer.pull import pull
from pipeline.dataset.transfer.push import push
from pipeline.dataset.transfer.remote import redacted


def same(a: Path, b: Path) -> bool:
    """Whether two folders hold the same files with the same bytes."""
    names = [{str(p.relative_to(f)) for p in f.rglob("*") if p.is_file()} for f in (a, b)]
    return names[0] == names[1] and not filecmp.cmpfiles(a, b, sorted(names[0]), shallow=False)[1]


def shards(paths: list[str]) -> list[str]:
    return [p for p in paths if "/c/" in p]


def test_a_pushed_dataset_reads_and_pulls_as_it_was(s3: Any, copy: Path, tmp_path: Path) -> None:
    url = s3.url()
    sent = push(copy, url)
    assert sent.files == len(open_dataset(copy).attrs["files"]) + 1
    assert sent.episodes == 4
    there = open_dataset(url)
    assert np.array_equal(there.episode(1).arrays["rgb_front"], open_dataset(copy).episode(1).arrays["rgb_front"])
    pull(url, tmp_path / "back.zarr")
    assert same(copy, tmp_path / "back.zarr")


def test_the_commit_mark_is_sent_last(s3: Any, copy: Path) -> None:
    push(copy, s3.url())
    puts = [p for p in s3.traffic.of("PUT") if "toys.zarr/" in p]
    assert puts[-1].endswith(MARK)
    assert puts.index(next(p for p in puts if p.endswith("toys.zarr/zarr.json"))) > len(shards(puts)) - 1


def test_pushing_again_sends_nothing(s3: Any, copy: Path) -> None:
    url = s3.url()
    push(copy, url)
    s3.traffic.clear()
    assert push(copy, url).files == 0
    assert not s3.traffic.of("PUT")


def test_after_an_append_only_what_changed_is_sent(s3: Any, make: Any, builder: Any) -> None:
    url = s3.url()
    dataset = make("grow.zarr", [builder.episode(1), builder.episode(2)])
    before = dict(open_dataset(dataset).attrs["files"].items())
    push(dataset, url)
    make("grow.zarr", [builder.episode(3)])
    after = open_dataset(dataset).attrs["files"]
    assert push(dataset, url).files == sum(before.get(p) != v for p, v in after.items()) + 1
    assert len(open_dataset(url)) == 3


def test_a_reader_sees_a_whole_dataset_at_every_moment_of_a_push(s3: Any, make: Any, builder: Any) -> None:
    url = s3.url()
    dataset = make("grow.zarr", [builder.episode(1), builder.episode(2)])
    push(dataset, url)
    old = {n: open_dataset(dataset).episode(1).arrays[n] for n in ("action", "rgb_front", "object_pose")}
    make("grow.zarr", [builder.episode(3), builder.episode(4)])
    seen: list[tuple[str, int, bool]] = []
    turn, one_by_one = iter(range(10**6)), threading.Lock()

    def look(method: str, path: str) -> bool:
        """Open and read the dataset while an object is on its way, before it is there."""
        if method == "PUT" and "toys.zarr/" in path and (next(turn) % 10 == 0 or path.endswith(MARK)):
            with one_by_one:
                try:
                    reader = open_dataset(url)
                    same_rows = all(np.array_equal(reader.episode(1).arrays[n], old[n]) for n in old)
                    seen.append((path, len(reader), same_rows))
                except DatasetError as error:
                    seen.append((str(error), 0, False))
        return False

    s3.traffic.lock, s3.traffic.fail = contextlib.nullcontext(), look
    push(dataset, url)
    assert {(count, same_rows) for _, count, same_rows in seen} == {(2, True)}, seen
    assert len(seen) > 5
    assert seen[-1][0].endswith(MARK)
    assert len(open_dataset(url)) == 4


def test_a_push_survives_errors_of_the_server(s3: Any, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.dataset.transfer.remote.FIRST_PAUSE", 0.01)
    count = iter(range(10**6))
    s3.traffic.fail = lambda method, path: next(count) % 7 == 3
    url = s3.url()
    push(copy, url)
    s3.traffic.clear()
    assert len(open_dataset(url)) == 4


def test_a_push_that_broke_goes_on_where_it_stopped(s3: Any, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, puts = s3.url(), []
    monkeypatch.setattr(time, "sleep", lambda seconds: None)

    def down(method: str, path: str) -> bool:
        puts.extend([path] if method == "PUT" and "toys.zarr/" in path else [])
        return len(puts) > 20 and "toys.zarr/" in path

    s3.traffic.fail = down
    with pytest.raises(TransferError, match="run the same command again") as failure:
        push(copy, url)
    assert "toy-secret" not in str(failure.value)
    s3.traffic.clear()
    with pytest.raises(DatasetError):
        open_dataset(url)
    total = len(open_dataset(copy).attrs["files"]) + 1
    assert 0 < push(copy, url).files <= total - 15
    assert len(open_dataset(url)) == 4


def test_a_push_that_is_killed_is_finished_by_the_next(s3: Any, copy: Path, tmp_path: Path) -> None:
    url = s3.url()
    code = (
        f"from pathlib import Path; from pipeline.dataset.transfer.push import push; push(Path({str(copy)!r}), {url!r})"
    )
    for after in (3, 30, 60):
        s3.traffic.clear()
        child = subprocess.Popen([sys.executable, "-c", code], env=os.environ)
        while child.poll() is None and len(shards(s3.traffic.of("PUT"))) + len(s3.traffic.of("PUT")) < after:
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        child.wait()
    push(copy, url)
    pull(url, tmp_path / "back.zarr")
    assert same(copy, tmp_path / "back.zarr")
    assert not fsspec.filesystem("s3", use_listings_cache=False).exists(url + ".push/record.json")


def test_another_dataset_is_not_overwritten_unasked(s3: Any, copy: Path, make: Any, builder: Any) -> None:
    url = s3.url()
    push(copy, url)
    other = make("other.zarr", [builder.episode(9)])
    with pytest.raises(TransferError, match="--replace"):
        push(other, url)
    assert len(open_dataset(url)) == 4
    push(other, url, replace=True)
    assert len(open_dataset(url)) == 1


def test_a_corrupted_object_is_found_and_sent_again(s3: Any, copy: Path, tmp_path: Path) -> None:
    url = s3.url()
    push(copy, url)
    fs = fsspec.filesystem("s3", use_listings_cache=False)
    name = next(p for p in open_dataset(copy).attrs["files"] if p.startswith("data/rgb_front/c/"))
    content = bytearray(fs.cat_file(f"{url}/{name}"))
    content[len(content) // 2] ^= 1
    fs.pipe_file(f"{url}/{name}", bytes(content))
    with pytest.raises(TransferError, match="data/rgb_front/c/"):
        pull(url, tmp_path / "back.zarr")
    assert not (tmp_path / "back.zarr").exists()
    assert push(copy, url, check=True).files == 1
    pull(url, tmp_path / "back.zarr")
    assert same(copy, tmp_path / "back.zarr")


def test_a_damaged_dataset_is_not_pushed(s3: Any, copy: Path) -> None:
    shard = next(p for p in copy.glob("data/action/c/*/*"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"?")
    with pytest.raises(DatasetError, match="data/action/c/0/0"):
        push(copy, s3.url())


def test_a_dataset_that_is_being_written_is_not_pushed(copy: Path, tmp_path: Path) -> None:
    with writer_lock(copy), pytest.raises(DatasetLockedError):
        push(copy, f"file://{tmp_path}/there.zarr")


def test_a_folder_is_pushed_to_by_its_url(copy: Path, tmp_path: Path) -> None:
    push(copy, f"file://{tmp_path}/there/toys.zarr")
    assert same(copy, tmp_path / "there" / "toys.zarr")
    assert [p.name for p in (tmp_path / "there").iterdir() if p.is_file()] == []


@pytest.mark.parametrize(
    "text",
    [
        "s3://AKIATOYSTORE:toy-secret@bucket/x",
        "https://me:toy-secret@host/x failed",
        "https://host/x?X-Amz-Signature=toy-secret&a=1",
        "secret_access_key=toy-secret",
        "'Authorization': 'toy-secret'",
    ],
)
def test_messages_leave_out_what_is_secret(text: str) -> None:
    assert "toy-secret" not in redacted(text)


def test_errors_do_not_tell_the_keys_of_a_url(copy: Path) -> None:
    with pytest.raises(TransferError) as failure:
        pull("http://me:toy-secret@127.0.0.1:9/x.zarr", copy.with_name("new.zarr"))
    assert "toy-secret" not in str(failure.value)
    assert failure.value.__cause__ is None
