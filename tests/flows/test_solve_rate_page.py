"""The result file and the page of solve rates: cells of several runs together, and a head that stays."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from benchmarks._solve_rate_page import MARK, TITLE, write_page
from benchmarks.solve_rate import results_before
from pipeline.core.intervals import wilson

ASKED: dict[str, Any] = {
    "backend": "mujoco", "solver": "vipr", "randomise": "mild", "rounds": 0, "worlds": 16, "seed": 3,
    "tasks_per_family": 2, "attempts": 32,
}  # fmt: skip


def _cell(solved: int, attempts: int, *, sources: str, seed: int = 3) -> dict[str, Any]:
    return {
        "tasks": 2,
        "built": attempts + 1,
        "dropped": 1,
        "attempts": attempts,
        "solved": solved,
        "rate": solved / attempts,
        "wilson_95": wilson(solved, attempts),
        "target": 0.8,
        "failures": {"ik_failed": attempts - solved} if solved < attempts else {},
        "how": {**ASKED, "seed": seed, "commit": sources, "source_state": sources, "date": "2026-11-26T10:00:00"},
    }


CELLS = {
    "panda pick_place": _cell(30, 32, sources="aaaaaaa"),
    "panda stack": _cell(32, 32, sources="aaaaaaa"),
    "ur5e pick_place": _cell(20, 32, sources="bbbbbbb"),
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "solve_rate.json"
    batches = [{"robot": w.split()[0], "family": w.split()[1], "task": f"{w} 1"} for w in CELLS]
    path.write_text(json.dumps({"cells": CELLS, "tasks": batches}))
    return path


def test_cells_that_a_run_does_not_measure_stay(results: Path) -> None:
    options = Namespace(json=results, **ASKED)
    cells, batches = results_before(options, but={"panda stack", "aloha pick_place"})
    assert list(cells) == ["panda pick_place", "ur5e pick_place"]
    assert [b["task"] for b in batches] == ["panda pick_place 1", "ur5e pick_place 1"]


def test_cells_of_other_worlds_do_not_stay(results: Path) -> None:
    cells, batches = results_before(Namespace(json=results, **{**ASKED, "seed": 4}), but=set())
    assert cells == {}
    assert batches == []


def test_there_need_be_no_results_before(tmp_path: Path) -> None:
    assert results_before(Namespace(json=tmp_path / "none.json", **ASKED), but=set()) == ({}, [])


def test_the_page_has_a_row_a_cell_with_its_interval_and_failures(tmp_path: Path) -> None:
    write_page(tmp_path / "page.md", {"cells": CELLS})
    text = (tmp_path / "page.md").read_text()
    assert text.startswith(TITLE)
    assert "| ur5e | pick_place | 2 | 1 of 33 | 20 of 32 | 62.5% | 45% to 77% | 80.0% | 12 ik_failed |" in text
    assert "| panda | stack | 2 | 1 of 33 | 32 of 32 | 100.0% | 89% to 100% | 80.0% | - |" in text


def test_the_page_says_which_command_at_which_sources_gave_what(tmp_path: Path) -> None:
    write_page(tmp_path / "page.md", {"cells": CELLS})
    commands = [line for line in (tmp_path / "page.md").read_text().splitlines() if line.startswith("- `python")]
    assert len(commands) == 2
    assert "--robots panda --families pick_place stack " in commands[0]
    assert "sources at aaaaaaa" in commands[0]
    assert "--robots ur5e --families pick_place " in commands[1]
    assert "sources at bbbbbbb" in commands[1]
    assert "--seed 3" in commands[1]


def test_what_was_written_by_hand_stays_and_the_table_is_made_anew(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Rates\n\nA stapler is hard.\n\n{MARK}\n\nold table\n")
    write_page(page, {"cells": CELLS})
    write_page(page, {"cells": CELLS})
    text = page.read_text()
    assert text.startswith("# Rates\n\nA stapler is hard.\n\n<!--")
    assert "old table" not in text
    assert text.count(MARK) == 1
