"""A seeded mutator over valid tasks: each kind of damage is rejected for the right reason, its original is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pipeline.core.goal import atoms
from pipeline.core.streams import stream
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.holds import parse
from task_gen.author import propose
from task_gen.gate import static_gate

Mutation = Callable[[TaskSpec, np.random.Generator], tuple[TaskSpec, str] | None]
DIRECTED = ("on", "inside", "within")


def changed(task: TaskSpec, **values: object) -> TaskSpec:
    return TaskSpec.model_validate({**task.model_dump(), **values})


def misspelt_predicate(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str]:
    word = next(atoms(parse(task.goal))).predicate
    at = int(draw.integers(1, len(word)))
    return changed(task, goal=task.goal.replace(f"({word} ", f"({word[:at]}x{word[at:]} ", 1)), "unknown_predicate"


def misspelt_object(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str]:
    word = next(atoms(parse(task.goal))).args[0]
    return changed(
        task, goal=task.goal.replace(f" {word}", f" {word}x", 1)
    ), "unknown_joint" if "/" in word else "unknown_object"


def forgotten_object(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str]:
    named = next(atoms(parse(task.goal))).args[0].partition("/")[0]
    return changed(task, objects=[o for o in task.objects if o.name != named]), "unknown_object"


def asset_that_does_not_exist(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str]:
    last = task.objects[-1]
    return changed(task, objects=[*task.objects[:-1], last.model_copy(update={"asset": "unicorn"})]), "unknown_asset"


def lost_bracket(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str]:
    return changed(task, goal=task.goal[:-1]), "malformed_formula"


def one_bracket_more(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str]:
    return changed(task, goal=task.goal + ")"), "malformed_formula"


def one_argument_more(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str]:
    atom = next(atoms(parse(task.goal)))
    longer = f"({atom.predicate} {' '.join(atom.args)} {atom.args[0]})"
    return changed(task, goal=task.goal.replace(str(atom), longer, 1)), "wrong_arity"


def already_done(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str]:
    return changed(task, initial=[task.goal]), "goal_already_true"


def both_ways(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str]:
    atom = next(atoms(parse(task.goal)))
    return changed(task, goal=f"(and {task.goal} (not {atom}))"), "contradiction"


def related_to_itself(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str] | None:
    pairs = [a for a in atoms(parse(task.goal)) if len(a.args) == 2]
    if not pairs:
        return None
    atom = pairs[int(draw.integers(len(pairs)))]
    itself = f"({atom.predicate} {atom.args[0]} {atom.args[0]})"
    return changed(task, goal=f"(and {task.goal} {itself})"), "contradiction"


def wrong_kind(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str]:
    free = next(o.name for o in task.objects if o.role in ("manipuland", "fixture"))
    return changed(task, goal=f"(and {task.goal} (is_open {free}))"), "unknown_joint"


def turned_round(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str] | None:
    """The bowl into the cube instead of the cube into the bowl: no container, or one that is too small."""
    found = [a for a in atoms(parse(task.goal)) if a.predicate in ("inside", "within")]
    if not found:
        return None
    atom = found[0]
    return changed(task, goal=f"({atom.predicate} {atom.args[1]} {atom.args[0]})"), "wrong_kind|too_large"


def in_two_places(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str] | None:
    found = [a for a in atoms(parse(task.goal)) if a.predicate in ("on", "inside")]
    if not found:
        return None
    other = TaskObject(name="another_plate", asset="plate", role="receptacle")
    goal = f"(and {task.goal} (on {found[0].args[0]} another_plate))"
    return changed(task, objects=[*task.objects, other], goal=goal), "contradiction"


def too_large_to_grasp(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str]:
    extra = [TaskObject(name=n, asset=a) for n, a in (("wide_box", "carton"), ("dish", "plate"))]
    goal = f"(and {task.goal} (on wide_box dish))"
    return changed(task, objects=[*task.objects, *extra], goal=goal), "unmovable"


def too_large_to_fit(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str]:
    extra = [TaskObject(name=n, asset=a) for n, a in (("tall_milk", "milk"), ("small_cup", "plastic_cup"))]
    goal = f"(and {task.goal} (inside tall_milk small_cup))"
    return changed(task, objects=[*task.objects, *extra], goal=goal), "too_large"


def too_many_things(task: TaskSpec, draw: np.random.Generator) -> tuple[TaskSpec, str]:
    extra = [TaskObject(name=f"shaker_{i}", asset="salt_shaker", role="distractor") for i in range(20)]
    return changed(task, objects=[*task.objects, *extra]), "crowded"


MUTATIONS: tuple[Mutation, ...] = (
    misspelt_predicate,
    misspelt_object,
    forgotten_object,
    asset_that_does_not_exist,
    lost_bracket,
    one_bracket_more,
    one_argument_more,
    already_done,
    both_ways,
    related_to_itself,
    wrong_kind,
    turned_round,
    in_two_places,
    too_large_to_grasp,
    too_large_to_fit,
    too_many_things,
)


@pytest.fixture(scope="module")
def right(catalog, robot) -> tuple[TaskSpec, ...]:
    return propose(catalog, robot, count=60, seed=11)


def test_the_originals_pass(catalog, robot, right) -> None:
    assert {
        t.name: static_gate(t, catalog, robot).reasons for t in right if not static_gate(t, catalog, robot).ok
    } == {}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.__name__)
def test_every_mutant_is_rejected_for_the_right_reason(catalog, robot, right, mutation: Mutation) -> None:
    made = [mutation(task, stream(3, "mutate", mutation.__name__, task.name)) for task in right]
    mutants = [m for m in made if m is not None]
    assert len(mutants) >= 12
    for mutant, code in mutants:
        codes = {r.code for r in static_gate(mutant, catalog, robot).reasons}
        assert codes & set(code.split("|")), f"{mutant.goal} {mutant.initial}: {codes or 'accepted'}"
