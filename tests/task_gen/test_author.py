"""The procedural author: every family, different tasks, reproducible, and each one sound by the static gate."""

import re
from itertools import islice
from typing import get_args

import pytest

from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.task import Family
from task_gen.author import FAMILIES, ProceduralAuthor, propose
from task_gen.gate import static_gate
from task_gen.novelty import signature
from task_gen.pantry import Pantry

FIVE = ("pick_place", "stack", "push", "articulate", "sequence")


@pytest.fixture(scope="module")
def forty(catalog, robot):
    """Of the families in which every task names each of its things and moves one or two."""
    return propose(catalog, robot, count=40, seed=5, families=FIVE)


def test_the_first_tasks_are_of_every_family_in_turn(catalog, robot):
    every = list(get_args(Family))
    assert [t.family for t in propose(catalog, robot, count=len(every), seed=0)] == every


def test_only_the_families_asked_for_are_proposed_and_their_tasks_do_not_depend_on_the_others(catalog, robot):
    some = propose(catalog, robot, count=6, seed=0, families=["door", "stack"])
    assert [t.family for t in some] == ["stack", "door"] * 3
    every = propose(catalog, robot, count=3 * len(get_args(Family)), seed=0)
    assert [t for t in every if t.family in ("door", "stack")] == list(some)


def test_an_unknown_family_is_named_with_the_nearest_one(catalog, robot):
    with pytest.raises(UnknownNameError, match="stackk"):
        propose(catalog, robot, count=1, seed=0, families=["stackk"])


def test_existing_tasks_are_neither_proposed_again_nor_under_another_name(catalog, robot):
    first = propose(catalog, robot, count=10, seed=0)
    renamed = [t.model_copy(update={"name": f"old_{i}"}) for i, t in enumerate(first)]
    author = ProceduralAuthor(catalog, robot, 0, existing=renamed)
    assert not {signature(t) for t in islice(author.proposals(), 30)} & {signature(t) for t in first}


def test_every_family_of_the_vocabulary_has_a_composer():
    assert set(FAMILIES) == set(get_args(Family))


def test_the_same_seed_gives_the_same_tasks_and_a_smaller_count_the_first_of_them(catalog, robot, forty):
    assert propose(catalog, robot, count=40, seed=5, families=FIVE) == forty
    assert propose(catalog, robot, count=7, seed=5, families=FIVE) == forty[:7]
    assert propose(catalog, robot, count=40, seed=6, families=FIVE) != forty


def test_no_task_comes_twice(forty):
    assert len({t.name for t in forty}) == 40
    assert len({(t.goal, t.initial) for t in forty}) == 40


def test_every_proposed_task_passes_the_static_gate(catalog, robot, forty):
    verdicts = {t.name: static_gate(t, catalog, robot) for t in forty}
    assert {n: v.reasons for n, v in verdicts.items() if not v.ok} == {}


def test_instructions_are_english_sentences_about_the_tasks_things(catalog, forty):
    for task in forty:
        assert re.fullmatch(r"[A-Z][^{}_]+\.", task.instruction), task.instruction
        for item in task.objects:
            if item.name != "table":
                assert f"the {catalog.asset(item.asset).noun}" in task.instruction.lower(), task.instruction


def test_pick_place_covers_in_on_beside_and_an_open_drawer(forty):
    goals = " ".join(t.goal + " ".join(t.initial) for t in forty if t.family == "pick_place")
    assert all(p in goals for p in ("(inside", "(on", "(near", "(is_open"))
    assert "(left_of" in goals or "(right_of" in goals


def test_drawers_are_opened_from_closed_and_closed_from_open(forty):
    ways = {(t.initial[0].split()[0], t.goal.split()[0]) for t in forty if t.family == "articulate"}
    assert ways == {("(is_closed", "(is_open"), ("(is_open", "(is_closed")}


def test_a_sequence_opens_and_then_fills(forty):
    for task in (t for t in forty if t.family == "sequence"):
        assert task.initial[0].startswith("(is_closed ")
        assert re.fullmatch(r"\(and \(is_open (\S+)\) \(inside \w+ \1\)\)", task.goal)


def test_what_is_pushed_is_what_cannot_be_grasped(catalog, robot, forty):
    pantry = Pantry(catalog, robot)
    pushed = {t.goal.split()[1] for t in forty if t.family == "push"}
    assert pushed
    assert not pushed & {a.name for a in pantry.graspable}


def test_more_tasks_than_the_catalogue_affords_is_an_error_with_the_number(catalog, robot):
    with pytest.raises(InvalidInputError, match=r"only \d+ different tasks, 100000 were asked for"):
        propose(catalog, robot, count=100000, seed=0, families=["push", "stack"])


def test_every_task_comes_with_five_other_ways_to_say_it(catalog, forty):
    for task in forty:
        said = [task.instruction, *task.paraphrases]
        assert len(set(said)) == len(said) >= 6
        for text in task.paraphrases:
            assert re.fullmatch(r"[A-Z][^{}_]+[.?]", text), text
            for item in task.objects:
                if item.name != "table":
                    assert f"the {catalog.asset(item.asset).noun}" in text.lower(), text
