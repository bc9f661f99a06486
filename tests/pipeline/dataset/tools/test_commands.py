"""The commands of ``taskloom dataset``: answers, JSON, exit codes, and messages without secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from flows.cli import app
from flows.commands.dataset import dataset as group
from pipeline.core.errors import TaskloomError
from pipeline.dataset import open_dataset

COMMANDS = ("info", "verify", "stats", "card", "view", "filter", "split", "merge", "export", "push", "pull", "repair")


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["dataset", *words])


def answer(*words: str) -> Any:
    done = run(*words, "--json")
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[20] ^= 1
    file.write_bytes(content)


def test_every_command_has_help_with_an_example_and_json() -> None:
    assert [c.name or c.callback.__name__ for c in group.registered_commands if c.callback] == list(COMMANDS)
    for name in COMMANDS:
        told = run(name, "--help")
        assert told.exit_code == 0
        assert f"taskloom dataset {name}" in " ".join(told.output.split())
        assert "--json" in told.output


def test_info_tells_what_there_is(packed: Path) -> None:
    told = answer("info", str(packed))
    assert (told["episodes"], told["frames"], told["successes"]) == (4, 24, 4)
    assert "cup_on_plate" in run("info", str(packed)).output


def test_stats_are_those_of_the_dataset(packed: Path) -> None:
    told = answer("stats", str(packed), "--array", "action")
    assert told["arrays"] == {"action": open_dataset(packed).attrs["stats"]["action"]}
    assert isinstance(run("stats", str(packed), "--array", "actoin").exception, TaskloomError)


def test_verify_succeeds_on_a_sound_dataset_only(copy: Path) -> None:
    assert answer("verify", str(copy)) == {"sound": True, "problems": [], "replayed": 0}
    assert run("verify", str(copy), "--structure").exit_code == 0
    flip(copy / "data" / "qvel" / "c" / "0" / "0")
    done = run("verify", str(copy), "--json")
    assert done.exit_code == 1
    (problem, *_) = json.loads(done.stdout)["problems"]
    assert problem["file"] == "data/qvel/c/0/0"
    assert problem["episodes"] == [0, 1, 2, 3]
    assert CliRunner().invoke(app, ["verify", str(copy)]).exit_code == 1


def test_repair_says_what_it_would_do_then_does_it(make: Callable[..., Path], builder: Any) -> None:
    dataset = make("d.zarr", [builder.episode(1), builder.episode(2, objects=("cup", "lemon"))])
    (dataset / "notes.txt").write_text("mine")
    assert run("repair", str(dataset), "--dry-run").exit_code == 1
    assert (dataset / "notes.txt").exists()
    assert answer("repair", str(dataset))["removed"] == ["notes.txt"]
    assert "nothing was done" in run("repair", str(dataset)).output


def test_filter_split_and_merge_go_round(packed: Path, tmp_path: Path) -> None:
    out = tmp_path / "cups.zarr"
    assert answer("filter", str(packed), str(out), "--task", "cup_on_plate", "--where", "length > 5")["episodes"] == 2
    assert answer("split", str(packed), str(tmp_path / "by"), "--by", "task")["episodes"] == {
        "cup_on_plate": 3,
        "open_drawer": 1,
    }
    parts = [str(tmp_path / "by" / f"{name}.zarr") for name in ("cup_on_plate", "open_drawer")]
    assert answer("merge", *parts, "--out", str(tmp_path / "all.zarr"))["episodes"] == 4
    assert isinstance(run("filter", str(packed), str(tmp_path / "x.zarr"), "--id", "nobody").exception, TaskloomError)
    assert isinstance(run("split", str(packed), str(tmp_path / "y")).exception, TaskloomError)


def test_push_and_pull_by_url(packed: Path, tmp_path: Path) -> None:
    url = f"file://{tmp_path}/there.zarr"
    assert answer("push", str(packed), url)["episodes"] == 4
    assert answer("push", str(packed), url)["files"] == 0
    assert answer("pull", url, str(tmp_path / "all.zarr"))["episodes"] == 4
    part = answer("pull", url, str(tmp_path / "part.zarr"), "--task", "open_drawer", "--keys", "rgb_front")
    assert part["episodes"] == 1
    assert "rgb_wrist" not in open_dataset(tmp_path / "part.zarr").names


def test_no_message_tells_the_keys_of_a_url(tmp_path: Path) -> None:
    url = "http://me:toy-secret@127.0.0.1:9/x.zarr"
    for words in (["info", url], ["pull", url, str(tmp_path / "a")], ["pull", url, str(tmp_path / "a"), "--task", "x"]):
        done = run(*words)
        assert done.exit_code != 0
        assert "toy-secret" not in done.output + str(done.exception)


def test_view_wants_a_format_that_it_knows(packed: Path, tmp_path: Path) -> None:
    failed = run("view", str(packed), str(tmp_path / "x.avi"))
    assert ".mp4, .gif, .rrd" in str(failed.exception)


@pytest.mark.parametrize("name", ["x.mp4", "x.gif"])
def test_view_writes_a_film(packed: Path, tmp_path: Path, name: str) -> None:
    pytest.importorskip("PIL")
    pytest.importorskip("av")
    assert answer("view", str(packed), str(tmp_path / name), "--episode", "1")["frames"] == 9
