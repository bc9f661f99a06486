"""The goal formula: what parses, how it prints, and what each mistake is told."""

import pytest

from pipeline.core.errors import GoalSyntaxError
from pipeline.core.goal import Atom, Compound, atoms, literals, parse_goal

ARITY = {"on": 2, "inside": 2, "holding": 1}


def test_a_formula_prints_as_it_was_written():
    text = "(and (inside mug cabinet/top_drawer) (not (holding mug)) (or (on a b)))"
    assert str(parse_goal(text, ARITY)) == text


def test_whitespace_and_newlines_do_not_matter():
    assert parse_goal(" ( on\n a\tb ) ", ARITY) == Atom("on", ("a", "b"))


def test_atoms_come_left_to_right():
    goal = parse_goal("(and (on a b) (or (holding c) (not (on d e))))", ARITY)
    assert [str(a) for a in atoms(goal)] == ["(on a b)", "(holding c)", "(on d e)"]


def test_literals_carry_their_sign_through_nested_negation():
    goal = parse_goal("(and (on a b) (not (and (holding c) (not (on d e)))))", ARITY)
    assert [(a.predicate, sign) for a, sign in literals(goal)] == [("on", True), ("holding", False), ("on", True)]


def test_a_conjunction_keeps_its_parts():
    goal = parse_goal("(and (holding a) (holding b))", ARITY)
    assert goal == Compound("and", (Atom("holding", ("a",)), Atom("holding", ("b",))))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Empty goal"),
        ("on a b", r"position 0, at 'on': a formula starts with '\('"),
        ("(", r"position 0, at '\(': expected a predicate"),
        ("()", r"position 1, at '\)': expected a predicate"),
        ("(on a b", "position 1, at 'on': its '\\)' is missing"),
        ("(and (on a b)", "position 1, at 'and': its '\\)' is missing"),
        ("(on a b) (on b a)", r"position 9, at '\(': the formula has ended"),
        ("(on a)", r"position 1, at 'on': takes 2 argument\(s\), got 1"),
        ("(holding a b)", r"position 1, at 'holding': takes 1 argument\(s\), got 2"),
        ("(not (on a b) (on b a))", "takes exactly one formula, got 2"),
        ("(and)", "takes at least one formula, got 0"),
        ("(on (on a b) c)", "takes object names, not formulas"),
        ("(iside a b)", r"position 1, at 'iside'.*did you mean 'inside'"),
        ("(An (on a b))", r"position 1, at 'An': unknown predicate"),
    ],
)
def test_every_mistake_names_its_place(text, says):
    with pytest.raises(GoalSyntaxError, match=says):
        parse_goal(text, ARITY)


def test_unknown_objects_are_refused_when_the_names_are_known():
    with pytest.raises(GoalSyntaxError, match=r"position 8, at 'plat'.*did you mean 'plate'"):
        parse_goal("(on mug plat)", ARITY, ("mug", "plate"))
