"""The 14 RLBench tasks: whole, through the gates, and with programs that the skills can carry out."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.catalog import LibraryCatalog
from benchmarks._problems import pose_problem, simulator_of
from benchmarks._published import METHODS, ROWS
from benchmarks._rlbench14_page import write_page
from demo_solvers.skill import SKILLS, check_value
from flows.config import compose
from flows.task_set import task_set
from pipeline.core.errors import UnknownNameError
from pipeline.holds import parse
from task_gen.gate import static_gate

CATALOG = LibraryCatalog()
SET = task_set("rlbench14")
NAMES = (
    "put_block", "play_jenga", "open_jar", "close_box", "open_box", "pickup_cup", "push_block", "take_umbrella",
    "sort_mustard", "open_wine", "lamp_on", "put_knife", "pick_and_lift", "insert_block",
)  # fmt: skip


def test_all_fourteen_are_there_in_the_published_order() -> None:
    assert tuple(t.name for t in SET.tasks) == NAMES
    assert [e.label for e in SET.entries] == list(ROWS)
    assert {len(row) for row in ROWS.values()} == {len(METHODS)}


def test_the_preset_is_given_the_tasks_and_their_programs() -> None:
    config = compose("rlbench14")
    assert config.given == SET.tasks
    assert config.programs["play_jenga"] == SET.offered("play_jenga")
    assert "put_block" not in config.programs


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="rlbench14"):
        task_set("rlbench15")


@pytest.mark.parametrize("entry", SET.entries, ids=lambda e: e.task.name)
class TestEveryTask:
    def test_passes_the_static_gate(self, entry) -> None:
        assert static_gate(entry.task, CATALOG, CATALOG.robot("panda")).reasons == ()

    def test_says_what_differs_and_what_is_drawn(self, entry) -> None:
        assert entry.deviations
        assert entry.randomisation
        assert entry.success

    def test_its_program_is_one_that_the_skills_declare(self, entry) -> None:
        for stage in entry.program.stages if entry.program else ():
            declared = SKILLS.get(stage.skill).signature
            for name, value in stage.parameters.items():
                check_value(stage.skill, name, declared.parameters[name], value)
            assert {r.predicate for r in stage.relations} <= set(declared.relations)
            assert stage.post is None or parse(stage.post)

    @pytest.mark.physics
    def test_passes_the_dynamic_gate(self, entry) -> None:
        posed = pose_problem(entry.task, simulator_of("mujoco"), robot="panda", worlds=6, seed=5)
        assert posed.problem is not None, posed.reasons
        assert len(posed.problem.scenes) >= 4


def test_the_page_has_every_deviation_and_puts_our_rate_beside_the_published_ones(tmp_path: Path) -> None:
    cell = {"built": 36, "dropped": 2, "attempts": 32, "solved": 24, "rate": 0.75, "wilson_95": (0.58, 0.87)}
    how = {"robot": "panda", "backend": "mujoco", "solver": "vipr", "seed": 14, "rounds": 0}
    how |= {"commit": "abc1234", "date": "2026-11-26T12:00:00"}
    results = {"tasks": {"Open_jar": {**cell, **how, "failures": {"grasp_missed": 8}}}}
    write_page(tmp_path / "page.md", SET, results)
    text = (tmp_path / "page.md").read_text()
    assert all(deviation in text for entry in SET.entries for deviation in entry.deviations)
    assert "| [Open_jar](#open_jar) | 75.0 (24/32) [58, 87] | 0.00 | 0.00 | 78.67 | 84.00 | 71.33 |" in text
    assert "| [Lamp_on](#lamp_on) | not measured | 57.30 |" in text
    assert "failures: 8 grasp_missed; 2 of 36 worlds did not pass." in text
    assert "seed 14, commit abc1234, 2026-11-26." in text
