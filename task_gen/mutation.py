"""Mutation without a model: given tasks with one object exchanged for another that the static gate lets stand in."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Catalog
from pipeline.core.errors import InvalidInputError
from pipeline.core.robot import RobotSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskObject, TaskSpec
from task_gen.gate import static_gate
from task_gen.novelty import signature
from task_gen.paraphrase import paraphrase
from task_gen.rule_critic import RuleCritic
from task_gen.words import slug

TRIES = 40  # exchanges tried for a task that is wanted


def mutations(
    tasks: Sequence[TaskSpec], catalog: Catalog, robot: RobotSpec, *, count: int, seed: int
) -> tuple[TaskSpec, ...]:
    """``count`` new tasks, the given ones taking turns as parents; a smaller count gives the first of the same.

    Each passes the static gate, makes as much sense as its parent by the rules, and is unlike all others in name and
    structure. Raises InvalidInputError when so many are not found.
    """
    critic, found = RuleCritic(catalog, robot), list[TaskSpec]()
    names, structures = {t.name for t in tasks}, {signature(t) for t in tasks}
    for turn in range(count * TRIES):
        if len(found) == count or not tasks:
            break
        parent = tasks[turn % len(tasks)]
        child = exchanged(parent, catalog, stream(seed, "task_gen", "mutation", parent.name, turn))
        if child is None or child.name in names or not static_gate(child, catalog, robot).ok:
            continue
        before, after = critic.criticise([parent, child])
        if after.sense < before.sense or signature(child) in structures:
            continue
        names.add(child.name)
        structures.add(signature(child))
        found.append(child)
    if len(found) < count:
        raise InvalidInputError(
            f"Only {len(found)} of {count} mutations of {len(tasks)} tasks were found that are possible and new. "
            "Ask for fewer, give more tasks, or add assets."
        )
    return tuple(found)


def exchanged(task: TaskSpec, catalog: Catalog, draw: np.random.Generator) -> TaskSpec | None:
    """The task with one free object exchanged, in formulas and words; None when its words do not name that object."""
    free = [o for o in task.objects if not catalog.asset(o.asset).fixed]
    if not free:
        return None
    old = free[int(draw.integers(len(free)))]
    used = {o.asset for o in task.objects} | {o.name for o in task.objects}
    others = [a for a in map(catalog.asset, catalog.assets) if not a.fixed and a.affordances and a.name not in used]
    if not others:
        return None
    return _exchange(task, old, catalog.asset(old.asset), others[int(draw.integers(len(others)))])


def _exchange(task: TaskSpec, old: TaskObject, was: AssetSpec, new: AssetSpec) -> TaskSpec | None:
    words = re.compile(rf"\b{re.escape(was.noun)}\b", re.IGNORECASE)
    if not words.search(task.instruction):
        return None
    name, instruction = slug(was.noun), words.sub(new.noun, task.instruction)
    renamed = task.name.replace(name, slug(new.noun)) if name in task.name else f"{task.name}_{slug(new.noun)}"
    formula = re.compile(rf"(?<=\s){re.escape(old.name)}(?=[\s)])")
    update = {
        "name": renamed[:80],
        "instruction": instruction,
        "paraphrases": paraphrase(instruction),
        "objects": tuple(
            o.model_copy(update={"name": new.name, "asset": new.name}) if o == old else o for o in task.objects
        ),
        "initial": tuple(formula.sub(new.name, text) for text in task.initial),
        "goal": formula.sub(new.name, task.goal),
        "author": "procedural",
        "paraphraser": "procedural",
        "critique": None,
        "source": None,
    }
    return task.model_copy(update=update)
