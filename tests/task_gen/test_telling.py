"""How tasks are told: every choice of a template is said, and the author takes what was said least."""

import numpy as np
import pytest

from task_gen.telling import Teller
from task_gen.words import either_way, its_part, listed, tellings, the_part


def test_a_template_offers_every_combination_of_its_words():
    said = tellings(("[put|lay] {x} down[, please|]",), np.random.default_rng(0), x="the mug")
    assert set(said) == {
        "Put the mug down, please.",
        "Put the mug down.",
        "Lay the mug down, please.",
        "Lay the mug down.",
    }


def test_questions_keep_their_mark_and_no_template_crowds_the_others_out():
    many = "[a|b|c|d|e|f] [a|b|c|d|e|f] {x}"
    said = tellings((many, "could you take {x}?"), np.random.default_rng(0), x="the mug")
    assert len(said) == 20
    assert "Could you take the mug?" in said


@pytest.mark.parametrize(("things", "said"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_things_are_listed_as_one_speaks(things, said):
    assert listed(things) == said


def test_a_part_is_said_both_ways_and_not_twice(catalog):
    sink, lever = catalog.asset("faucet"), catalog.asset("lever")
    assert (the_part(sink, "hot_tap"), its_part(sink, "hot_tap")) == ("the hot tap of the sink", "the sink's hot tap")
    assert the_part(lever, "lever") == its_part(lever, "lever") == "the lever switch"
    assert either_way("pull {y}", "go") == ("pull {y}", "pull {its}", "go")


def test_the_freshest_wording_becomes_the_instruction_and_none_is_lost(task):
    teller = Teller()
    first = task("(on mug plate)", "mug", "plate").model_copy(
        update={"instruction": "Put the mug on the plate.", "paraphrases": ("The plate should bear the mug.",)}
    )
    second = first.model_copy(update={"instruction": "Put the mug on the tray."})
    assert teller.told(first).instruction == "Put the mug on the plate."
    told = teller.told(second)
    assert told.instruction == "The plate should bear the mug."
    assert told.paraphrases == ("Put the mug on the tray.",)
