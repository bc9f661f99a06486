"""The five tasks of contact, each a preset of its own: one task, eight demonstrations."""

from __future__ import annotations

from flows.config import LEARNING, RunConfig
from flows.task_set import task_set

FEWER = {"insert_tight": 250_000}  # actions; what is held tightly is simulated at a quarter of the others' speed


def steps_of(name: str) -> int:
    """Actions that a stage of one of the tasks may practise with each way of learning it."""
    return FEWER.get(name, LEARNING.steps)


def preset(name: str) -> RunConfig:
    """The configuration of one of the tasks in ``contact.json``, which take a whole budget to learn."""
    tasks = task_set("contact")
    return RunConfig(
        preset=name,
        tasks=1,
        demos=8,
        minimum=1,
        batch=8,
        rounds=4,
        backend="genesis",
        learn_steps=steps_of(name),
        given=tuple(task for task in tasks.tasks if task.name == name),
    )
