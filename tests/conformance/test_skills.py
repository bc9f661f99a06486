"""Every registered skill: declared, documented, and carried out on worlds without physics or in a test of its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from assets.catalog import LibraryCatalog
from demo_solvers.skill import SKILLS, Choice, Number, Settings, check_value
from demo_solvers.solvers.vipr import carry_out
from demo_solvers.task_planning.check import check_program
from pipeline.core.doors import Problem, Solution, TrialWorlds
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.goal import atoms
from pipeline.core.program import Kind, Program, Relation, Stage
from pipeline.core.streams import stream
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.holds import PREDICATES, kinds, parse
from pipeline.rollout import attempt
from pipeline.sim.kinematic import kinematic
from scene_gen.builder import TabletopBuilder

TESTS = Path(__file__).parents[1]
TOP = "cabinet/top_drawer"
ON_PLATE = (Relation(predicate="on", anchor="plate"),)
ON_BLOCK = (Relation(predicate="on", anchor="block_green"),)
PICK = Stage(skill="pick", body="block_red")
CARRIED_OUT: dict[str, tuple[tuple[Stage, ...], str, tuple[str, ...], tuple[str, ...]]] = {
    "pick": ((PICK,), "(holding block_red)", ("block_red",), ()),
    "place": (
        (PICK, Stage(skill="place", body="block_red", relations=ON_PLATE)),
        "(on block_red plate)",
        ("block_red", "plate"),
        (),
    ),
    "stack": (
        (PICK, Stage(skill="stack", body="block_red", relations=ON_BLOCK)),
        "(on block_red block_green)",
        ("block_red", "block_green"),
        (),
    ),
    "push": (
        (Stage(skill="push", body="carton", relations=(Relation(predicate="within", anchor="zone_red"),)),),
        "(within carton zone_red)",
        ("carton", "zone_red"),
        (),
    ),
    "open": ((Stage(skill="open", body=TOP),), f"(is_open {TOP})", ("cabinet",), (f"(is_closed {TOP})",)),
    "close": ((Stage(skill="close", body=TOP),), f"(is_closed {TOP})", ("cabinet",), (f"(is_open {TOP})",)),
}
"""Programs, what they bring about, the assets and the start, for skills that need no physics but attachment."""


@pytest.mark.parametrize("name", SKILLS.names)
class TestEverySkill:
    def test_declares_what_it_is(self, name: str) -> None:
        signature = SKILLS.get(name).signature
        assert signature.kind in get_args(Kind)
        assert len(signature.summary) > 10
        assert not signature.summary.endswith(".")
        assert signature.summary[0].islower(), "it is read in the middle of a sentence"

    def test_takes_the_same_arguments_and_has_a_docstring(self, name: str) -> None:
        skill = SKILLS.get(name)
        assert list(inspect.signature(skill).parameters) == ["ex", "stage", "following"]
        assert len(inspect.getdoc(skill) or "") > 20
        assert skill.__name__ == name  # type: ignore[attr-defined]

    def test_has_defaults_within_its_ranges(self, name: str) -> None:
        for key, parameter in SKILLS.get(name).signature.parameters.items():
            check_value(name, key, parameter, parameter.default)
            assert parameter.doc
            if isinstance(parameter, Number):
                assert parameter.low < parameter.high
            else:
                assert len(parameter.among) == len(set(parameter.among)) > 1

    def test_refuses_values_out_of_range_and_unknown_parameters(self, name: str) -> None:
        for key, parameter in SKILLS.get(name).signature.parameters.items():
            wrong = "no such word" if isinstance(parameter, Choice) else parameter.high + 1.0
            with pytest.raises(InvalidInputError, match="allowed"):
                Settings(Stage(skill=name, body="mug", parameters={key: wrong}))
        with pytest.raises(UnknownNameError):
            Settings(Stage(skill=name, body="mug", parameters={"no_such_parameter": 1.0}))

    def test_has_formulas_that_can_be_read(self, name: str) -> None:
        signature = SKILLS.get(name).signature
        for text in (*signature.needs, *([signature.brings] if signature.brings else [])):
            formula = parse(text.format(body="body", anchor="anchor"), ("body", "anchor"))
            anchored = any("anchor" in atom.args for atom in atoms(formula))
            assert not anchored or signature.relations, "an anchor comes from a relation"

    def test_names_relations_that_are_predicates_of_a_body(self, name: str) -> None:
        signature = SKILLS.get(name).signature
        for predicate in signature.relations:
            assert predicate in PREDICATES
            assert kinds(predicate)[0] in ("movable", "body")
        if signature.brings is None and signature.kind == "release":
            assert signature.relations, "nothing else says what it brings about"

    def test_is_carried_out_here_or_tested_by_name(self, name: str) -> None:
        tests = (TESTS / "demo_solvers").rglob("test_*.py")
        elsewhere = any(f'"{name}"' in text for text in map(Path.read_text, tests))
        assert name in CARRIED_OUT or elsewhere, f"no test carries out Stage(skill={name!r}, ...)"


@pytest.fixture(scope="module")
def pose() -> Callable[[str], Problem]:
    catalog = LibraryCatalog()
    builder = TabletopBuilder(catalog, catalog.robot("panda"), cameras=())

    def build(name: str) -> Problem:
        _, goal, assets, initial = CARRIED_OUT[name]
        task = TaskSpec(
            name=f"skill_{name}",
            family="pick_place",
            instruction="Do it.",
            objects=tuple(TaskObject(name=a, asset=a) for a in assets),
            initial=initial,
            goal=goal,
            horizon=40.0,
        )
        scenes = tuple(builder.build(task, stream(3, "conformance", name, i)) for i in range(2))
        return Problem(task, scenes, seed=0)

    return build


@pytest.mark.parametrize("name", [n for n in CARRIED_OUT if n in SKILLS])
def test_a_skill_brings_about_what_it_declares(name: str, pose: Callable[[str], Problem]) -> None:
    stages, goal, *_ = CARRIED_OUT[name]
    problem, program = pose(name), Program(stages=stages)
    assert check_program(program, problem.layout) == ()
    simulator = kinematic(LibraryCatalog())

    def solver(problem: Problem, worlds: TrialWorlds) -> Solution:
        return Solution(carry_out(program, problem, worlds), program)

    outcomes = attempt(simulator, problem, solver).outcomes
    assert all(outcome.success for outcome in outcomes), [o.diagnosis for o in outcomes]
    stage = stages[-1]
    brings = SKILLS.get(stage.skill).signature.brings
    assert brings is None or brings.format(body=stage.body) == goal
