"""End states that look right but are not: no goal is reached in them, and each is reached in its true twin."""

from typing import TYPE_CHECKING

import pytest

from pipeline.core.goal import atoms
from pipeline.core.world import WorldState
from pipeline.holds import PREDICATES, holds, parse

if TYPE_CHECKING:
    from tests.pipeline.end_states import CASES, Case, End
    from tests.pipeline.staging import settled, tampered
else:
    from end_states import CASES, Case, End
    from staging import settled, tampered

pytestmark = pytest.mark.physics
FALSE = [(case, label) for case in CASES for label in case.false]


def world(end: End) -> WorldState:
    return tampered(settled(*end.things), *end.edits)


def test_every_predicate_has_false_states_and_there_are_at_least_a_hundred():
    assert len(FALSE) >= 100
    assert {a.predicate for case in CASES for a in atoms(parse(case.goal))} == set(PREDICATES.names)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_the_true_state_is_reached(case: Case):
    assert holds(parse(case.goal), world(case.true)).tolist() == [True]


@pytest.mark.parametrize(("case", "label"), FALSE, ids=[f"{case.name}: {label}" for case, label in FALSE])
def test_the_false_state_is_refused(case: Case, label: str):
    assert holds(parse(case.goal), world(case.false[label])).tolist() == [False]
