"""Sketch: a program of stages of touch for a goal that the planner has no plan for, so that they can be learned."""

from __future__ import annotations

import numpy as np

from demo_solvers.contacts.wish import ContactWish, wishes
from pipeline.core.goal import literals
from pipeline.core.program import Program, Relation, Stage
from pipeline.core.world import WorldState
from pipeline.holds import parse, true_of

AUTHOR = "sketch"


def sketch(goal: str, world: WorldState) -> Program | None:
    """A stage for each body whose literals are not true in all worlds, in the order of the goal.

    None where geometry names no touch for one of them.
    """
    formula = parse(goal)
    unmet = [atom for atom, wanted in literals(formula) if not np.all(true_of(atom, world) == wanted) and atom.args]
    named = wishes(formula, world.layout)
    stages = list[Stage]()
    for body in dict.fromkeys(atom.args[0] for atom in unmet):
        anchors = [a.args[1] for a, _ in literals(formula) if a.args[0] == body and len(a.args) > 1]
        stage = _stage(body, anchors, [wish for wish in named if wish.body == body])
        if stage is None:
            return None
        stages.append(stage)
    return Program(stages=tuple(stages), author=AUTHOR) if stages else None


def _stage(body: str, anchors: list[str], named: list[ContactWish]) -> Stage | None:
    """What one body is worked on by: a link is opened, what is free is pushed to its anchor."""
    if not named:
        return None
    if "/" in body:
        return Stage(skill="open", body=body)
    if not anchors:
        return None
    return Stage(skill="push", body=body, relations=(Relation(predicate="within", anchor=anchors[0]),))
