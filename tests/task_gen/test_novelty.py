"""What counts as the same task, and how varied a set is."""

from __future__ import annotations

import pytest

from pipeline.core.task import TaskObject, TaskSpec
from task_gen.novelty import same_structure, same_words, self_bleu, signature


def task(goal: str, instruction: str = "Put the mug on the plate.", **names: str) -> TaskSpec:
    objects = tuple(TaskObject(name=name, asset=asset) for name, asset in names.items())
    return TaskSpec(name="t", family="pick_place", instruction=instruction, objects=objects, goal=goal)


def test_other_names_and_another_order_are_the_same_task() -> None:
    one = task("(and (on cup dish) (upright cup))", cup="mug", dish="plate")
    two = task("(and (upright a) (on a b))", a="mug", b="plate")
    assert signature(one) == signature(two)
    assert same_structure(one, [two]) is two


def test_another_asset_or_another_relation_is_another_task() -> None:
    one = task("(on a b)", a="mug", b="plate")
    assert same_structure(one, [task("(on a b)", a="bowl", b="plate"), task("(near a b)", a="mug", b="plate")]) is None


def test_links_and_negation_belong_to_the_structure() -> None:
    opened = task("(not (is_closed c/top))", c="cabinet")
    assert same_structure(opened, [task("(is_closed c/top)", c="cabinet")]) is None
    assert same_structure(opened, [task("(not (is_closed d/top))", d="cabinet")]) is not None


def test_nearly_the_same_words_are_found() -> None:
    one = task("(on a b)", "Put the red mug on the white plate.", a="mug", b="plate")
    assert same_words(one, [task("(on a b)", "Put the red mug on the white plate, please.", a="mug", b="plate")])
    assert not same_words(one, [task("(on a b)", "Set the white plate under a red mug.", a="mug", b="plate")])


def test_self_bleu_is_one_for_what_everybody_says_and_low_for_what_nobody_else_says() -> None:
    same = ["put the mug on the plate now", "put the mug on the plate now please"]
    other = ["put the mug on the plate", "open every drawer of that cabinet quickly", "stack three red cubes here"]
    assert self_bleu(same) > 0.8
    assert self_bleu(other) < 0.1
    assert self_bleu(["one text", "one text"]) == 0.0, "duplicates count once"


def test_self_bleu_agrees_with_a_value_worked_out_by_hand() -> None:
    # Against "a b c d", "a b c e" matches 3/4 words, 2/3 pairs, 1/2 triples and 0.1/1 smoothed quadruples; and back.
    expected = (3 / 4 * 2 / 3 * 1 / 2 * 0.1) ** 0.25
    assert self_bleu(["a b c d", "a b c e"]) == pytest.approx(expected)
