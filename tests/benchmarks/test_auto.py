"""What counts as keeping up with the best single solver."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.auto import compared
from pipeline.core.intervals import wilson


def row(solver: str, solved: int, task: str = "push") -> dict[str, Any]:
    return {"task": task, "solver": solver, "rate": solved / 16, "wilson_95": wilson(solved, 16)}


@pytest.mark.parametrize(("auto", "word"), [(16, "up"), (12, "up"), (8, "up"), (5, "behind"), (0, "behind")])
def test_auto_may_be_short_of_the_best_by_its_intervals_width(auto: int, word: str) -> None:
    (found,) = compared([row("vipr", 3), row("vipr_rl", 12), row("auto", auto)])
    assert (found["by"], found["best"]) == ("vipr_rl", 12 / 16)
    assert found["keeps_up"] is (word == "up")


def test_tasks_without_a_pair_to_compare_are_left_out() -> None:
    assert compared([row("vipr", 3), row("auto", 3, task="stow"), row("vipr", 3, task="sort")]) == []
