"""Outcomes are read from what a run leaves; anything else is refused with what was wrong and what to name instead."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from flows.outcomes import read_outcomes
from pipeline.core.errors import InvalidInputError


def test_every_task_of_a_run_comes_with_its_attempts(undisturbed) -> None:
    report, out = undisturbed
    found = read_outcomes([out])
    assert [(o.task, o.attempted, o.solved) for o in found] == [
        (t.task, t.counts.attempted, t.counts.solved) for t in report.tasks
    ]
    assert sum(o.attempted for o in found) > 0
    assert read_outcomes([out / "report.json"]) == found
    assert read_outcomes([out, out]) == found + found


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no report of a run"),
        ("[1, 2]", "is no report of a run"),
        (json.dumps({"episodes": 3}), "tasks: Field required"),
        (
            json.dumps({"tasks": [{"task": {"name": "x"}, "counts": {"attempted": 1, "solved": 0}}]}),
            "tasks.0.task.family",
        ),
        ("\x00\x01", "is no report of a run"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_by_name_and_place(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(InvalidInputError) as refused:
        read_outcomes([tmp_path])
    message = str(refused.value)
    assert words in message
    assert str(tmp_path / "report.json") in message
    assert "Name the folder that `taskloom generate --out` made" in message


def test_counts_that_cannot_be_are_refused(undisturbed, tmp_path: Path) -> None:
    _, out = undisturbed
    held: Any = json.loads((out / "report.json").read_text())
    held["tasks"][0]["counts"]["solved"] = held["tasks"][0]["counts"]["attempted"] + 1
    (tmp_path / "report.json").write_text(json.dumps(held))
    with pytest.raises(InvalidInputError, match=r"solved must lie in 0\.\.attempted"):
        read_outcomes([tmp_path])


def test_an_unfinished_run_is_told_apart_from_no_run(undisturbed, tmp_path: Path) -> None:
    _, out = undisturbed
    shutil.copy(out / "run.json", tmp_path / "run.json")
    with pytest.raises(InvalidInputError, match="not finished: give its own command again"):
        read_outcomes([tmp_path])
    with pytest.raises(InvalidInputError, match="No such file"):
        read_outcomes([tmp_path / "nowhere"])
