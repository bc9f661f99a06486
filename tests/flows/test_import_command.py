"""``taskloom tasks import``: what a person sees of importing, and that generate takes the same files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from flows.cli import main

LIBERO = Path(__file__).parents[1] / "task_gen" / "libero"
BOWL = LIBERO / "libero_goal" / "put_the_bowl_on_the_plate.bddl"
YAML = """
name: put_mug_on_plate
family: pick_place
instruction: Put the mug on the plate.
objects: [{name: mug, asset: mug}, {name: plate, asset: plate}]
goal: (on mug plate)
"""


@pytest.fixture
def taskloom(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("TASKLOOM_ASSETS", str(tmp_path / "assets"))

    def invoke(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["taskloom", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return invoke


def test_files_of_all_kinds_become_one_task_file_that_passes_the_check(taskloom, tmp_path: Path) -> None:
    (tmp_path / "mug.yaml").write_text(YAML)
    out = tmp_path / "deep" / "tasks.json"
    code, told, _ = taskloom("tasks", "import", LIBERO / "libero_goal", tmp_path / "mug.yaml", "--out", out)
    assert code == 0
    assert "11 read, 11 imported, 11 pass the static gate" in told
    assert "wine_rack_1 (wine_rack) is rack: another rack: 'wooden rack'" in told
    tasks = json.loads(out.read_text())
    assert len(tasks) == 11
    assert tasks[0]["source"]["rules"][0]["kind"] == "joint_past"
    assert taskloom("tasks", "check", out)[0] == 0
    again = tmp_path / "again.json"
    assert taskloom("tasks", "import", out, "--out", again)[0] == 0
    assert again.read_text() == out.read_text()


def test_the_report_is_json_and_a_folder_holds_one_file_a_task(taskloom, tmp_path: Path) -> None:
    out = tmp_path / "tasks"
    code, told, _ = taskloom("tasks", "import", BOWL, "--out", out, "--json")
    (report,) = json.loads(told)["reports"]
    assert code == 0
    assert report["task"]["source"]["language"] == "Put the bowl on the plate"
    assert {m["name"] for m in report["left_out"]} == {"wooden_cabinet_1", "flat_stove_1", "wine_rack_1"}
    assert [p.name for p in out.iterdir()] == ["put_the_bowl_on_the_plate.json"]
    assert taskloom("tasks", "check", out / "put_the_bowl_on_the_plate.json")[0] == 0


def test_two_tasks_of_one_name_are_told_apart(taskloom, tmp_path: Path) -> None:
    code, told, _ = taskloom("tasks", "import", BOWL, BOWL, "--json")
    assert code == 0
    assert [r["task"]["name"] for r in json.loads(told)["reports"]] == [
        "put_the_bowl_on_the_plate",
        "put_the_bowl_on_the_plate_2",
    ]


def test_what_cannot_be_mapped_is_named_and_exits_with_1(taskloom, tmp_path: Path) -> None:
    strange = tmp_path / "strange.bddl"
    strange.write_text(BOWL.read_text().replace("(And (On", "(And (cooked akita_black_bowl_1) (On"))
    out = tmp_path / "tasks.json"
    code, told, _ = taskloom("tasks", "import", strange, BOWL, "--out", out)
    assert code == 1
    assert "strange: not imported" in told
    assert "cannot do without (cooked akita_black_bowl_1): our worlds keep no such state" in told
    assert [t["name"] for t in json.loads(out.read_text())] == ["put_the_bowl_on_the_plate"]
    code, _, err = taskloom("generate", "--tasks-from", strange, "--out", tmp_path / "run")
    assert code == 2
    assert "our worlds keep no such state" in err
    assert not (tmp_path / "run").exists()


def test_a_task_that_the_gate_rejects_is_written_and_exits_with_1(taskloom, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(YAML.replace("(on mug plate)", "(on plate mug)"))
    code, told, _ = taskloom("tasks", "import", tmp_path / "bad.yaml")
    assert code == 1
    assert "put_mug_on_plate: rejected by the static gate" in told


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("open.bddl", b"(define (problem p)", "1 ')' missing at the end"),
        ("latin.bddl", b"(define (problem \xe9))", "Cannot read the BDDL file"),
        ("tasks.toml", b"x = 1", "tasks are read from .json, .yaml, .yml, .bddl"),
        ("bomb.yml", b"a: &a [1]\nb: [*a, *a]", "the alias *a"),
    ],
)
def test_bad_files_are_one_clear_line(taskloom, tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    out = tmp_path / "out.json"
    code, _, err = taskloom("tasks", "import", tmp_path / name, "--out", out)
    assert code == 2
    assert says in err
    assert name in err
    assert "Traceback" not in err
    assert not out.exists()


def test_a_missing_file_an_empty_folder_and_a_folder_that_is_no_pack_are_told(taskloom, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "Cannot read the BDDL file" in taskloom("tasks", "import", tmp_path / "none.bddl")[2]
    assert "holds no file that ends in" in taskloom("tasks", "import", tmp_path / "empty")[2]
    code, _, err = taskloom("tasks", "import", BOWL, "--libero-assets", tmp_path / "empty")
    assert code == 2
    assert "is not LIBERO's asset folder: expected articulated_objects" in err


def test_generate_demonstrates_an_imported_task(taskloom, tmp_path: Path) -> None:
    out = tmp_path / "run"
    code, told, err = taskloom(
        "generate", "--preset", "smoke", "--tasks-from", BOWL, "--demos", "1", "--batch", "2", "--plain", "--json",
        "--out", out,
    )  # fmt: skip
    assert code == 0, err
    (task,) = json.loads(told)["tasks"]
    assert task["task"]["name"] == "put_the_bowl_on_the_plate"
    assert task["task"]["source"]["goal"] == "(And (On akita_black_bowl_1 plate_1))"
    assert task["by_source"] == task["counts"]["solved"] > 0
    assert (out / "dataset.zarr").is_dir()
