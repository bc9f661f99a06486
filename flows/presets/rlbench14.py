"""rlbench14: the 14 RLBench tasks of the Manipulate-Anything table, four demonstrations each; some minutes a task."""

from __future__ import annotations

from flows.config import RunConfig
from flows.task_set import task_set

TASKS = task_set("rlbench14")
rlbench14 = RunConfig(
    preset="rlbench14",
    tasks=14,
    demos=4,
    minimum=1,
    batch=8,
    rounds=4,
    backend="genesis",
    solver="vipr",  # what the published rates are compared with plans; a wrong plan is not for learning to make good
    given=TASKS.tasks,
    programs={task.name: found for task in TASKS.tasks if (found := TASKS.offered(task.name))},
)
