"""BDDL problem files are read whole, or refused with the place and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.core.errors import InvalidInputError
from task_gen.bddl import LONGEST, parse_bddl, read_bddl
from task_gen.bddl_formula import Fact

TEXT = """
(define (problem LIBERO_Tabletop_Manipulation) ; a comment
  (:domain robosuite)
  (:language Put the wine bottle on the top of the drawer)
  (:regions
    (plate_region (:target main_table) (:ranges ((0.04 -0.03 0.06 -0.01))) (:yaw_rotation ((3.1 3.2))))
    (top_region (:target wooden_cabinet_1)))
  (:fixtures main_table - table wooden_cabinet_1 - wooden_cabinet)
  (:objects bowl_1 bowl_2 - akita_black_bowl plate_1 - plate)
  (:obj_of_interest bowl_1 wooden_cabinet_1_top_region)
  (:init (On plate_1 main_table_plate_region) (Open wooden_cabinet_1_top_region))
  (:goal (And (In bowl_1 wooden_cabinet_1_top_region) (Not (Open wooden_cabinet_1_top_region)))))
"""


def test_a_problem_is_read_with_its_words_things_regions_and_facts() -> None:
    problem = parse_bddl(TEXT, name="wine")
    assert problem.language == "Put the wine bottle on the top of the drawer"
    assert problem.objects == {"bowl_1": "akita_black_bowl", "bowl_2": "akita_black_bowl", "plate_1": "plate"}
    assert problem.category("wooden_cabinet_1") == "wooden_cabinet"
    assert problem.regions[0].ranges == ((0.04, -0.03, 0.06, -0.01),)
    assert problem.regions[0].yaw == (3.1, 3.2)
    assert problem.region_of("wooden_cabinet_1_top_region") == ("wooden_cabinet_1", problem.regions[1])
    assert problem.region_of("plate_1") is None
    assert problem.goal == (
        Fact(predicate="In", args=("bowl_1", "wooden_cabinet_1_top_region")),
        Fact(predicate="Open", args=("wooden_cabinet_1_top_region",), positive=False),
    )
    assert problem.of_interest == ("bowl_1", "wooden_cabinet_1_top_region")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("(:domain robosuite)", "(:domain robosuite))", "a ')' too many at line"),
        ("(define (problem LIBERO", "(a) (define (problem LIBERO", "expected one (define ...), found 2"),
        ("(define", "((define", "1 ')' missing at the end"),
        ("(define", ") (define", "a ')' too many at line 1, column"),
        ("(define (problem", "(defined (problem", "expected (define (problem ...)"),
        ("(:domain robosuite)", "domain", "expected (:section ...)"),
        ("- akita_black_bowl plate_1 - plate", "- akita_black_bowl plate_1", "plate_1 have no category"),
        ("bowl_1 bowl_2 - akita", "- akita", "'-' needs names before it"),
        ("-0.03 0.06 -0.01", "-0.03 0.06", "region 'plate_region' needs 4 numbers"),
        ("0.04 -0.03", "nought -0.03", "region 'plate_region' needs 4 numbers"),
        ("(:target wooden_cabinet_1)", "", "'top_region' needs one (:target ...)"),
        ("(In bowl_1 wooden_cabinet_1_top_region)", "(In (bowl_1) x)", "takes names only"),
        ("(Open wooden_cabinet_1_top_region))\n  (:goal", "open)\n  (:goal", "expected a fact such as"),
        ("(:goal", "(:gaol", "there is no (:goal ...)"),
        ("(Not (Open", "(Not (In a b) (Open", "takes 1 formula, has 2"),
        ("(And (In", "(imply (In a b) (In", "takes 2 formulas, has 3"),
        ("(Not (Open wooden_cabinet_1_top_region))", "(Or)", "(Or) is empty"),
        ("(Open wooden_cabinet_1_top_region))))", "(Open ?x))))", "names '?x', which no quantifier binds"),
        ("(And (In", "(And (forall (?p plate) (Open ?p)) (In", "needs a variable such as (?x - mug.n.01)"),
        ("(And (In", "(And (forall (?p - mug) (Open ?p)) (In", "ranges over 'mug', of which the problem has none"),
        ("(And (In", "(And (forn (none) (?p - plate) (Open ?p)) (In", "needs a whole number above 0"),
        ("(And (In", "(And (forn (3) (?p - plate) (Open ?p)) (In", "has too few objects"),
        ("(:init (On plate_1 main_table_plate_region)", "(:init (Or (Open a) (Open b))", "in the start is a choice"),
        ("(:goal (And", "(:goal (And" + "(Not " * 60, "nested deeper than 50"),
    ],
)
def test_a_broken_problem_is_told_what_was_expected(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(InvalidInputError) as raised:
        parse_bddl(TEXT.replace(old, new, 1).strip(), name="broken", source="broken.bddl")
    assert says in str(raised.value)
    assert "broken.bddl" in str(raised.value)


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"Cannot read the BDDL file .*none\.bddl"):
        read_bddl(tmp_path / "none.bddl")
    (tmp_path / "bytes.bddl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInputError, match=r"bytes\.bddl"):
        read_bddl(tmp_path / "bytes.bddl")


THINGS = "(:objects cup_1 cup_2 cup_3 - cup lid_1 lid_2 - lid)"


def goal_of(text: str) -> str:
    problem = parse_bddl(f"(define (problem p) (:domain igibson) {THINGS} (:init) (:goal {text}))", name="p")
    return " ".join(map(str, problem.goal))


@pytest.mark.parametrize(
    ("text", "written_out"),
    [
        ("(and (forall (?c - cup) (open ?c)))", "(open cup_1) (open cup_2) (open cup_3)"),
        ("(exists (?l - lid) (on ?l cup_1))", "(Or (on lid_1 cup_1) (on lid_2 cup_1))"),
        ("(not (exists (?l - lid) (on ?l cup_1)))", "(Not (on lid_1 cup_1)) (Not (on lid_2 cup_1))"),
        ("(imply (open cup_1) (open cup_2))", "(Or (Not (open cup_1)) (open cup_2))"),
        (
            "(forn (2) (?c - cup) (open ?c))",
            "(Or (And (open cup_1) (open cup_2)) (And (open cup_1) (open cup_3)) (And (open cup_2) (open cup_3)))",
        ),
        ("(forall (?l - lid) (exists (?c - cup) (on ?l ?c)))",
         "(Or (on lid_1 cup_1) (on lid_1 cup_2) (on lid_1 cup_3)) "
         "(Or (on lid_2 cup_1) (on lid_2 cup_2) (on lid_2 cup_3))"),
        ("(fornpairs (1) (?l - lid) (?c - cup) (on ?l ?c))",
         "(Or (on lid_1 cup_1) (on lid_1 cup_2) (on lid_1 cup_3) (on lid_2 cup_1) (on lid_2 cup_2) (on lid_2 cup_3))"),
        ("(not (and (open cup_1) (not (open cup_2))))", "(Or (Not (open cup_1)) (open cup_2))"),
        ("(open ?cup_1)", "(open cup_1)"),
    ],
)  # fmt: skip
def test_quantifiers_are_written_out_and_negation_moves_to_the_facts(text: str, written_out: str) -> None:
    assert goal_of(text) == written_out


def test_pairs_are_every_way_to_match_them() -> None:
    found = goal_of("(forpairs (?l - lid) (?c - cup) (on ?l ?c))")
    assert found.count("(And (on lid_1") == 6
    assert "(And (on lid_1 cup_2) (on lid_2 cup_1))" in found


def test_a_goal_that_grows_too_large_is_refused_quickly() -> None:
    many = " ".join(f"cup_{i}" for i in range(40))
    text = f"(define (problem p) (:objects {many} - cup lid_1 - lid) (:goal {{goal}}))"
    for goal in (
        "(forall (?a - cup) (forall (?b - cup) (on ?a ?b)))",
        "(forn (20) (?a - cup) (open ?a))",
        "(forpairs (?a - cup) (?b - cup) (on ?a ?b))",
    ):
        with pytest.raises(InvalidInputError, match="more than 400"):
            parse_bddl(text.replace("{goal}", goal), name="p", source="big.bddl")


def test_a_problem_without_things_or_of_huge_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"there is no \(:objects"):
        parse_bddl("(define (problem p) (:goal (open a)))", name="p")
    (tmp_path / "huge.bddl").write_text(";" * (LONGEST + 1))
    with pytest.raises(InvalidInputError, match=r"huge\.bddl: .* are too long for a BDDL file"):
        read_bddl(tmp_path / "huge.bddl")
