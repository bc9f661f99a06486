"""Reasons: a closed set of codes, told by the word at fault, counted and kept through files."""

import pickle

import pytest
from pydantic import ValidationError

from pipeline.core.errors import GoalSyntaxError
from pipeline.holds import parse
from task_gen.gate import static_gate
from task_gen.reasons import CODES, Reason, by_code, of_formula, sentences


@pytest.mark.parametrize(
    ("formula", "code", "subject"),
    [
        ("(on mug plate", "malformed_formula", "on"),
        ("(onto mug plate)", "unknown_predicate", "onto"),
        ("(on mug)", "wrong_arity", "on"),
        ("(on mug tray)", "unknown_object", "tray"),
        ("(is_open cabinet/third_drawer)", "unknown_joint", "cabinet/third_drawer"),
        ("(is_open fridge/door)", "unknown_object", "fridge/door"),
    ],
)
def test_the_fault_in_a_formula_decides_the_code(formula, code, subject):
    names = ("mug", "plate", "cabinet", "cabinet/top_drawer")
    with pytest.raises(GoalSyntaxError) as caught:
        parse(formula, names)
    reason = of_formula(caught.value, at="goal", objects=names)
    assert (reason.code, reason.subject, reason.at) == (code, subject, "goal")
    assert str(reason).startswith("goal: Goal '")


def test_a_formulas_error_survives_another_process():
    error = GoalSyntaxError("why", "wrong_arity", "on")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.kind, again.word) == ("why", "wrong_arity", "on")


def test_codes_are_a_closed_set():
    with pytest.raises(ValidationError, match="contradiction"):
        Reason(code="bad_luck", message="no")  # type: ignore[arg-type]
    assert len(set(CODES)) == len(CODES)


def test_reasons_are_counted_the_most_frequent_first_and_kept_as_json(catalog, robot, task):
    reasons = static_gate(task("(and (inside mug plate) (is_open plate))", "mug", "plate"), catalog, robot).reasons
    assert by_code(reasons) == {"wrong_kind": 1, "unknown_joint": 1}
    assert by_code([reasons[1], *reasons]) == {"unknown_joint": 2, "wrong_kind": 1}
    again = tuple(Reason.model_validate_json(r.model_dump_json()) for r in reasons)
    assert again == reasons
    assert sentences(again) == tuple(map(str, reasons))
