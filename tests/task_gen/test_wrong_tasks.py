"""Wrong tasks written by hand: every one is rejected with the right code, and the right task beside it passes."""

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from task_gen.gate import static_gate

if TYPE_CHECKING:
    from tests.task_gen.wrong_tasks import STATIC, Pair
else:
    from wrong_tasks import STATIC, Pair

EVERY_PAIR = pytest.mark.parametrize("pair", STATIC, ids=lambda p: f"{p.code}: {p.mistake}")


def test_there_are_at_least_sixty_pairs_over_every_static_code_and_no_task_twice():
    assert len(STATIC) >= 60
    wrongs = Counter((p.wrong.goal, p.wrong.things, p.wrong.initial) for p in STATIC)
    assert max(wrongs.values()) == 1
    assert len({p.code for p in STATIC}) >= 13


@EVERY_PAIR
def test_the_wrong_task_is_rejected_with_the_right_code(catalog, pair: Pair):
    reasons = static_gate(pair.wrong.task(), catalog, catalog.robot(pair.wrong.robot)).reasons
    assert pair.code in {r.code for r in reasons}, f"{pair.wrong.goal}: {[*map(str, reasons)] or 'accepted'}"
    assert all(r.message for r in reasons)


@EVERY_PAIR
def test_the_right_task_beside_it_is_accepted(catalog, pair: Pair):
    verdict = static_gate(pair.right.task(), catalog, catalog.robot(pair.right.robot))
    assert verdict.ok, f"{pair.right.goal}: {[*map(str, verdict.reasons)]}"
