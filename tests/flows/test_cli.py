"""Bad input gives one clear line and a non-zero exit, and leaves nothing behind."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from flows.cli import main

Told = tuple[int, str, str]


@pytest.fixture
def taskloom(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def invoke(*words: str | Path) -> Told:
        monkeypatch.setattr(sys, "argv", ["taskloom", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else int(code is not None)), said.out, said.err

    return invoke


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--preset", "smoek"], "Unknown preset 'smoek'. Did you mean 'smoke'?"),
        (["--preset", "smoke", "--robot", "pandaa"], "Unknown robot 'pandaa'. Did you mean 'panda'?"),
        (["--preset", "smoke", "--backend", "kinematics"], "Unknown backend 'kinematics'. Did you mean 'kinematic'?"),
        (["--preset", "smoke", "--demos", "0"], "Option --demos"),
        (["--preset", "smoke", "--task-file", "nowhere.json"], "nowhere.json"),
    ],
)
def test_bad_words_are_answered_in_one_line_and_nothing_is_written(taskloom, tmp_path, words, message) -> None:
    code, out, err = taskloom("generate", *words, "--out", tmp_path / "out")
    assert code == 2
    assert message in err
    assert "Traceback" not in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_task_file_with_a_typo_names_the_word_and_writes_nothing(taskloom, tmp_path) -> None:
    task = {
        "name": "a",
        "family": "stack",
        "instruction": "Stack them.",
        "objects": [{"name": "top", "asset": "block_red"}, {"name": "base", "asset": "block_bleu"}],
        "goal": "(onn top base)",
    }
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps([task]))
    code, _, err = taskloom("generate", "--preset", "smoke", "--task-file", file, "--out", tmp_path / "out")
    assert code == 2
    assert "block_bleu" in err
    assert "block_blue" in err
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way_of_the_output_is_named(taskloom, tmp_path) -> None:
    (tmp_path / "taken").write_text("mine")
    code, _, err = taskloom("generate", "--preset", "smoke", "--out", tmp_path / "taken" / "out")
    assert code == 2
    assert "is a file" in err
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_folder_with_other_things_is_left_alone(taskloom, tmp_path) -> None:
    (tmp_path / "photo.jpg").write_text("mine")
    code, _, err = taskloom("generate", "--preset", "smoke", "--out", tmp_path)
    assert code == 2
    assert "is not empty" in err
    assert [p.name for p in tmp_path.iterdir()] == ["photo.jpg"]


def test_the_folder_of_another_run_is_refused_and_the_difference_is_named(taskloom, undisturbed) -> None:
    _, out = undisturbed
    before = sorted(p.name for p in out.iterdir())
    code, _, err = taskloom(
        "generate", "--preset", "smoke", "--demos", "1", "--batch", "2", "--seed", "5", "--out", out
    )
    assert code == 2
    assert "seed 0 there, 5 asked" in err
    assert sorted(p.name for p in out.iterdir()) == before


def test_the_same_command_on_a_finished_run_prints_its_report_as_json_and_nothing_else(taskloom, undisturbed) -> None:
    report, out = undisturbed
    packed = (out / "dataset.zarr" / "zarr.json").stat().st_mtime_ns
    command = ["generate", "--preset", "smoke", "--demos", "1", "--batch", "2", "--plain", "--json", "--out", out]
    code, printed, _ = taskloom(*command)
    assert code == 0
    assert (out / "dataset.zarr" / "zarr.json").stat().st_mtime_ns == packed
    assert json.loads(printed)["counts"] == report.counts.model_dump()


def test_the_doctor_speaks_json_and_never_shows_the_key(taskloom, monkeypatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-secret-value")
    _, printed, err = taskloom("doctor", "--json")
    findings = {f["name"]: f for f in json.loads(printed)["findings"]}
    assert findings["ANTHROPIC_API_KEY"]["found"] == "present"
    assert "a-secret-value" not in printed + err
    assert {"python", "cpu", "disk", "gl egl", "gl osmesa", "genesis-world"} <= set(findings)
    assert all(f["remedy"] for f in findings.values() if f["status"] == "missing")


@pytest.mark.parametrize("episode", ["7", "-1", "first"])
def test_replaying_an_episode_that_is_not_there_names_those_that_are(taskloom, undisturbed, episode) -> None:
    _, out = undisturbed
    code, _, err = taskloom("replay", out / "dataset.zarr", f"--episode={episode}")
    assert code == 2
    assert "from 0 to 1" in err


def test_a_dataset_replays_bit_for_bit_in_several_worlds(taskloom, undisturbed) -> None:
    _, out = undisturbed
    code, printed, _ = taskloom("replay", out / "dataset.zarr", "--episode", "all", "--worlds", "3", "--json")
    verdicts = json.loads(printed)
    assert code == 0
    assert [v["exact"] for v in verdicts] == [True, True]


def test_the_pages_of_a_run_without_prefect_are_refused_with_another_place_to_look(taskloom, undisturbed) -> None:
    _, out = undisturbed
    code, _, err = taskloom("ui", out)
    assert code == 2
    assert str(out / "index.html") in err


@pytest.mark.parametrize("command", ["generate", "ui", "doctor", "replay", "verify"])
def test_every_command_has_an_example_in_its_help(taskloom, command) -> None:
    code, printed, _ = taskloom(command, "--help")
    assert code == 0
    assert f"taskloom {command}" in printed
    assert "--json" in printed
