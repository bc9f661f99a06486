"""BDDL problem files are read whole, or refused with the place and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.core.errors import InvalidInputError
from task_gen.bddl import Fact, parse_bddl, read_bddl

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
