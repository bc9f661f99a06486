"""The curriculum: weights follow from outcomes by one formula, and what is proposed next leans as they say."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from task_gen.author import propose, propose_leaning
from task_gen.curriculum import FLOOR, Curriculum, TaskOutcome, assets_of, curriculum_of, in_words, leaning, weight

TRIED = 20  # attempts a task


def share(tasks, wanted) -> float:
    return sum(map(wanted, tasks)) / len(tasks)


def outcomes_of(tasks, rate, *, seed: int = 0, attempted: int = TRIED) -> list[TaskOutcome]:
    """Attempts that succeed independently with a rate that the task decides."""
    random = np.random.default_rng(seed)
    return [TaskOutcome(task=t, attempted=attempted, solved=int(random.binomial(attempted, rate(t)))) for t in tasks]


FIVE = ("pick_place", "stack", "push", "articulate", "sequence")


@pytest.fixture(scope="module")
def earlier(catalog, robot):
    return propose(catalog, robot, count=60, seed=1, families=FIVE)


@pytest.mark.parametrize(
    ("attempted", "solved", "expected"),
    [
        (0, 0, 0.6),  # the uniform prior
        (1, 0, 0.6),  # 0.8^2 - 0.2^2
        (1, 1, 0.6),
        (2, 1, 0.792),  # 3p^2 - 2p^3 from 0.2 to 0.8
        (10, 10, 0.8**11 - 0.2**11),
        (10, 0, 0.8**11 - 0.2**11),
    ],
)
def test_the_weight_is_the_posterior_probability_of_a_middling_rate(attempted, solved, expected) -> None:
    assert weight(attempted, solved) == pytest.approx(expected)


@given(st.integers(0, 3000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_no_weight_leaves_its_range_and_failures_count_like_successes(counts: tuple[int, int]) -> None:
    attempted, solved = counts
    assert FLOOR <= weight(attempted, solved) <= 1.0
    assert weight(attempted, solved) == pytest.approx(weight(attempted, attempted - solved), abs=1e-9)


def test_more_evidence_moves_a_weight_further_from_the_prior() -> None:
    prior = weight(0, 0)
    middling, hopeless = [weight(n, n // 2) for n in (4, 20, 200)], [weight(n, 0) for n in (4, 8, 12)]
    assert prior < middling[0] < middling[1] < middling[2]
    assert prior > hopeless[0] > hopeless[1] > hopeless[2]
    assert weight(10_000, 0) == weight(10_000, 10_000) == FLOOR


def test_families_lean_towards_what_works_sometimes(catalog, robot, earlier) -> None:
    """Of one author's tasks stacking works half of the time, picking always, pushing never."""
    rates = {"stack": 0.5, "pick_place": 1.0, "push": 0.0}
    found = outcomes_of([t for t in earlier if t.family in rates], lambda t: rates[t.family])
    curriculum = curriculum_of(found)
    before = Counter(t.family for t in propose(catalog, robot, count=24, seed=9))
    after = Counter(t.family for t in propose_leaning(catalog, robot, count=24, seed=9, curriculum=curriculum))
    assert after["stack"] > before["stack"]
    assert after["pick_place"] < before["pick_place"] / 2
    assert after["push"] < before["push"] / 2
    assert curriculum.family_weight("sequence") == weight(0, 0) > curriculum.family_weight("pick_place") >= FLOOR


def test_objects_lean_towards_what_works_sometimes(catalog, robot) -> None:
    """Of one family's tasks those with every other object fail always, the others half of the time."""
    earlier, offered = (propose(catalog, robot, count=80, seed=seed, families=("pick_place",)) for seed in (1, 9))
    hopeless = set(sorted({a for t in earlier for a in assets_of(t)})[::2])
    curriculum = curriculum_of(outcomes_of(earlier, lambda t: 0.0 if hopeless & set(assets_of(t)) else 0.5))
    never = {a for a in hopeless if curriculum.object_weight(a) < 0.1}

    def touches(task) -> bool:
        return bool(never & set(assets_of(task)))

    drawn = [list(leaning({"pick_place": iter(offered)}, curriculum, seed=seed)) for seed in range(6)]
    first = [t for tasks in drawn for t in tasks[: len(offered) // 4]]
    assert 0 < share(first, touches) < 0.6 * share(offered, touches)
    assert all(sorted(t.name for t in tasks) == sorted(t.name for t in offered) for tasks in drawn), "none is lost"


def test_what_never_worked_is_still_tried_now_and_then(catalog, robot, earlier) -> None:
    found = outcomes_of(earlier, lambda t: 0.0 if t.family == "pick_place" else 0.5, attempted=1000)
    curriculum = curriculum_of(found)
    proposed = [
        t.family
        for seed in range(4)
        for t in propose_leaning(catalog, robot, count=24, seed=seed, curriculum=curriculum)
    ]
    assert 0 < proposed.count("pick_place") < len(proposed) / 5


def test_the_same_outcomes_and_seed_give_the_same_tasks_and_fewer_are_the_first_of_them(
    catalog, robot, earlier
) -> None:
    def drawn(count: int, seed: int):
        curriculum = curriculum_of(outcomes_of(earlier, lambda t: 0.5))
        return propose_leaning(catalog, robot, count=count, seed=seed, curriculum=curriculum)

    assert drawn(20, 3) == drawn(20, 3)
    assert drawn(8, 3) == drawn(20, 3)[:8]
    assert drawn(20, 3) != drawn(20, 4)


def test_nothing_is_proposed_twice_nor_what_was_tried_before(catalog, robot, earlier) -> None:
    curriculum = curriculum_of(outcomes_of(earlier, lambda t: 0.5))
    proposed = propose_leaning(catalog, robot, count=30, seed=1, curriculum=curriculum, known=earlier)
    names = [t.name for t in proposed]
    assert len(set(names)) == len(names)
    assert not set(names) & {t.name for t in earlier}


def test_tasks_that_were_never_attempted_tell_nothing(earlier) -> None:
    found = [TaskOutcome(task=t, attempted=0, solved=0) for t in earlier]
    assert curriculum_of(found) == Curriculum(families={}, objects={})


def test_a_model_is_told_the_numbers_and_what_follows(earlier) -> None:
    rates = {"stack": 0.5, "pick_place": 1.0, "push": 0.0, "articulate": 0.5, "sequence": 0.5}
    words = in_words(curriculum_of(outcomes_of(earlier, lambda t: rates[t.family])))
    lines = {line.split("`")[1]: line for line in words.splitlines() if "`" in line}
    assert "works nearly always: less of it" in lines["pick_place"]
    assert "hardly ever works: less of it" in lines["push"]
    assert "works sometimes: more of it" in lines["stack"]
    assert in_words(Curriculum(families={}, objects={})) == "(nothing was attempted yet)"


def test_more_solved_than_attempted_is_no_outcome(earlier) -> None:
    with pytest.raises(ValidationError, match="got 3 of 2"):
        TaskOutcome(task=earlier[0], attempted=2, solved=3)
