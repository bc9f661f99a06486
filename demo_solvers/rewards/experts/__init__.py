"""Rewards that a person wrote for the five tasks of contact, to compare the derived ones with."""

from __future__ import annotations

from pathlib import Path

from pipeline.core.errors import UnknownNameError

HERE = Path(__file__).parent
GOALS = {
    "push_precise": "(and (within box mark) (aligned box mark))",
    "reorient": "(and (within slab outline) (aligned slab outline))",
    "edge_grasp": "(and (holding board) (raised board))",
    "insert_tight": "(inserted peg socket)",
    "drag_drawer": "(is_open chest/drawer)",
}
"""What each is for; the names are those of the task's objects."""


def expert(task: str) -> str:
    """The text of the reward for a task; raises :class:`UnknownNameError`."""
    if task not in GOALS:
        raise UnknownNameError("task with a reward written by hand", task, GOALS)
    return (HERE / f"{task}.reward").read_text(encoding="utf-8")
