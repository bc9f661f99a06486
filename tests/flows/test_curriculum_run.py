"""A run that leans on an earlier one: its tasks are in its configuration, and what they came from is in its report."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from assets.catalog import LibraryCatalog
from demo_solvers.families import SOLVED
from flows.authors import ModelOptions, Wishes
from flows.authorship import with_author
from flows.cli import main
from flows.config import compose
from flows.outcomes import read_outcomes
from pipeline.core.task import Family


def generate(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    base = ["generate", "--preset", "smoke", "--backend", "kinematic", "--plain", "--tasks", "1", "--demos", "1"]
    monkeypatch.setattr(sys, "argv", ["taskloom", *base, *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_a_run_leans_on_an_earlier_one_and_can_be_continued(
    undisturbed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys
) -> None:
    report, earlier = undisturbed
    out = tmp_path / "out"
    words = ("--outcomes", earlier, "--min-clarity", "0.5", "--out", out)
    code = generate(monkeypatch, *words)
    told = json.loads((out / "report.json").read_text())
    assert generate(monkeypatch, *words) == code, "the same words go on with the same run"
    given = {t["name"] for t in told["config"]["given"]}
    assert given
    assert not given & {t.task.name for t in report.tasks}
    assert all(t["critique"]["clarity"] >= 0.5 for t in told["config"]["given"])
    tried = {f: c.attempted for f, c in report.families.items() if c.attempted}
    found = told["proposals"]["curriculum"]["families"]
    assert {f: s["attempted"] for f, s in found.items()} == tried


def test_a_run_cannot_lean_on_itself_nor_on_given_tasks(
    undisturbed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys
) -> None:
    report, earlier = undisturbed
    assert generate(monkeypatch, "--outcomes", earlier, "--out", earlier) == 2
    assert "let the new run have a folder of its own" in capsys.readouterr().err
    (tmp_path / "tasks.json").write_text(json.dumps([json.loads(report.tasks[0].task.model_dump_json())]))
    words = ("--tasks-from", tmp_path / "tasks.json", "--outcomes", earlier, "--out", tmp_path / "out")
    assert generate(monkeypatch, *words) == 2
    assert "give one of both" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("families", [("stack",), SOLVED])
def test_leaning_proposals_keep_to_the_families_of_the_run(undisturbed, families: tuple[Family, ...]) -> None:
    _, earlier = undisturbed
    config = compose("smoke", tasks=10, families=families)
    wishes = Wishes(outcomes=read_outcomes([earlier]))
    leaning, _ = with_author(config, "procedural", LibraryCatalog(), ModelOptions(), wishes)
    assert leaning.given
    assert {t.family for t in leaning.given} <= {*families}
