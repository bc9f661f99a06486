"""LIBERO-Object, -Spatial and -Goal import whole, every thing by name; other problems say what keeps them out."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.catalog import LibraryCatalog
from pipeline.core.goal import literals
from pipeline.core.registry import Registry
from pipeline.core.source import InBox, JointPast, OnArea, OnBody, Unjudged
from pipeline.core.streams import stream
from pipeline.holds import holds, parse
from pipeline.source_rules import source_holds
from scene_gen.builder import TabletopBuilder
from task_gen.bddl import parse_bddl
from task_gen.dynamic_gate import dynamic_gate, hold_still
from task_gen.gate import static_gate
from task_gen.imports.files import import_files
from task_gen.imports.problem import import_problem
from task_gen.imports.report import ImportReport

LIBERO = Path(__file__).parent / "libero"
SUITES = ("libero_object", "libero_spatial", "libero_goal")


@pytest.fixture(scope="module")
def vendored() -> LibraryCatalog:
    """The library alone: what a user has imported does not matter here."""
    return LibraryCatalog(extra=())


@pytest.fixture(scope="module")
def reports(vendored: LibraryCatalog) -> dict[str, ImportReport]:
    robot = vendored.robot("panda")
    found = import_files([LIBERO / s for s in SUITES], vendored, robot)
    return {Path(r.file).stem: r for r in found}


@pytest.fixture
def imported(vendored: LibraryCatalog):
    def run(goal: str, init: str = "", objects: str = "plate_1 - plate bowl_1 - bowl", extra: str = "") -> ImportReport:
        text = "(define (problem p) (:domain robosuite) (:language Put the bowl on the plate)"
        text += f"{extra} (:fixtures table_1 - table) (:objects {objects}) (:init {init}) (:goal (And {goal})))"
        problem = parse_bddl(text, name="p")
        return import_problem(problem, text, vendored, vendored.robot("panda"), file="p.bddl")

    return run


def test_all_thirty_import_and_pass_the_static_gate(reports, vendored) -> None:
    assert len(reports) == 30
    robot = vendored.robot("panda")
    for name, report in reports.items():
        assert report.task is not None, (name, report.unmapped)
        assert static_gate(report.task, vendored, robot).reasons == (), name
        assert report.ok


def test_every_thing_of_every_file_is_in_its_report_by_name(reports) -> None:
    for report in reports.values():
        told = {m.name for m in (*report.mapped, *report.left_out)} | {c.source.split(" - ")[0] for c in report.changes}
        assert {t.name for t in report.task.source.things} <= told
        for mapped in report.mapped:
            assert (mapped.how == "substitute") == ("stand" in mapped.why or "found by words" in mapped.why)
        assert {o.name for o in report.task.objects} == {"table", *(m.name for m in report.mapped)}


def test_a_task_keeps_its_file_and_has_paraphrases(reports) -> None:
    report = reports["put_the_wine_bottle_on_the_rack"]
    source = report.task.source
    assert source.language == "Put the wine bottle on the rack"
    assert source.goal == "(And (On wine_bottle_1 wine_rack_1_top_region))"
    assert (source.release, source.hold, len(source.sha256)) == (False, 0.0, 64)
    assert len(report.task.paraphrases) >= 5


@pytest.mark.parametrize(
    ("file", "goal", "initial"),
    [
        ("pick_up_the_milk_and_place_it_in_the_basket", "(inside milk_1 basket_1)", []),
        (
            "open_the_middle_drawer_of_the_cabinet",
            "(is_open wooden_cabinet_1/middle_drawer)",
            ["(is_closed wooden_cabinet_1/middle_drawer)"],
        ),
        (
            "open_the_top_drawer_and_put_the_bowl_inside",
            "(inside akita_black_bowl_1 wooden_cabinet_1/top_drawer)",
            ["(is_closed wooden_cabinet_1/top_drawer)"],
        ),
        ("put_the_bowl_on_top_of_the_cabinet", "(on akita_black_bowl_1 wooden_cabinet_1)", []),
        ("put_the_cream_cheese_in_the_bowl", "(inside cream_cheese_1 akita_black_bowl_1)", []),
        ("turn_on_the_stove", "(turned_on flat_stove_1/knob)", ["(turned_off flat_stove_1/knob)"]),
        (
            "pick_up_the_black_bowl_in_the_top_drawer_of_the_wooden_cabinet_and_place_it_on_the_plate",
            "(on akita_black_bowl_1 plate_1)",
            [
                "(inside akita_black_bowl_1 wooden_cabinet_1/top_drawer)",
                "(on akita_black_bowl_2 wooden_cabinet_1)",
                "(is_open wooden_cabinet_1/top_drawer)",
            ],
        ),
        (
            "pick_up_the_black_bowl_between_the_plate_and_the_ramekin_and_place_it_on_the_plate",
            "(on akita_black_bowl_1 plate_1)",
            [
                "(in_a_row plate_1 akita_black_bowl_1 glazed_rim_porcelain_ramekin_1)",
                "(near akita_black_bowl_2 glazed_rim_porcelain_ramekin_1)",
            ],
        ),
    ],
)
def test_regions_and_starts_become_parts_and_relations(reports, file: str, goal: str, initial: list[str]) -> None:
    task = reports[file].task
    assert task.goal == goal
    assert list(task.initial) == initial


def test_a_place_on_the_table_becomes_what_its_name_says(reports) -> None:
    goal = parse(reports["push_the_plate_to_the_front_of_the_stove"].task.goal)
    said = {str(atom) for atom, positive in literals(goal) if positive}
    assert said == {"(on plate_1 table)", "(near plate_1 flat_stove_1)", "(in_front_of plate_1 flat_stove_1)"}


def test_an_instruction_calls_a_stand_in_by_its_own_name(reports) -> None:
    report = reports["pick_up_the_black_bowl_next_to_the_ramekin_and_place_it_on_the_plate"]
    by_name = {m.name: m for m in report.mapped}
    assert by_name["glazed_rim_porcelain_ramekin_1"].how == "substitute"
    assert "ramekin" not in report.task.instruction
    assert f"next to the {by_name['glazed_rim_porcelain_ramekin_1'].asset}" in report.task.instruction


def test_names_fit_and_stay_different(reports) -> None:
    names = [r.task.name for r in reports.values()]
    assert len(set(names)) == 30
    assert max(map(len, names)) <= 80


@pytest.mark.parametrize(
    ("file", "rule"),
    [
        ("pick_up_the_milk_and_place_it_in_the_basket", InBox(a="milk_1", b="basket_1", slack=0.01)),
        ("put_the_bowl_on_the_plate", OnBody(a="akita_black_bowl_1", b="plate_1", offset=0.03)),
        ("put_the_bowl_on_the_stove", OnArea(a="akita_black_bowl_1", b="flat_stove_1", low=-0.005, high=0.10)),
        (
            "open_the_middle_drawer_of_the_cabinet",
            JointPast(link="wooden_cabinet_1/middle_drawer", side="more", at=0.15, travel=0.17),
        ),
        ("turn_on_the_stove", JointPast(link="flat_stove_1/knob", side="more", at=0.505, travel=2.105)),
    ],
)
def test_the_sources_rules_are_kept_as_data(reports, file: str, rule) -> None:
    assert reports[file].task.source.rules == (rule,)


def test_a_rule_about_a_place_on_liberos_table_is_kept_but_not_judged(reports) -> None:
    (rule,) = reports["push_the_plate_to_the_front_of_the_stove"].task.source.rules
    assert isinstance(rule, Unjudged)
    assert "drawn anew" in rule.why


@pytest.mark.parametrize(
    ("goal", "more", "says"),
    [
        ("(Juggle bowl_1 plate_1)", {}, "unknown predicate 'Juggle'; known are close"),
        ("(cooked bowl_1)", {}, "our worlds keep no such state"),
        ("(On bowl_1 sofa_1)", {}, "'sofa_1' is neither an object nor a fixture nor a region"),
        ("(On bowl_1)", {}, "On takes 2 names"),
        (
            "(On zeppelin_1 plate_1)",
            {"objects": "plate_1 - plate zeppelin_1 - zeppelin"},
            "the library has nothing like it",
        ),
        ("(Open plate_1)", {}, "has no drawer or door"),
        (
            "(On bowl_1 table_1_spot_region)",
            {"extra": "(:regions (spot_region (:target table_1) (:ranges ((0 0 1 1)))))"},
            "whose name says nothing about other things",
        ),
    ],
)
def test_what_cannot_be_mapped_is_named_with_the_reason(imported, goal: str, more: dict[str, str], says: str) -> None:
    report = imported(goal, **more)
    assert report.task is None
    assert not report.ok
    assert says in " ".join(f"{m.name} {m.why}" for m in report.unmapped)


def test_a_start_that_we_cannot_keep_is_left_out_by_name(imported) -> None:
    report = imported("(On bowl_1 plate_1)", init="(dusty bowl_1)")
    assert report.ok
    assert [m.name for m in report.left_out] == ["(dusty bowl_1)"]


def test_negations_and_choices_are_kept(imported) -> None:
    report = imported("(Or (On bowl_1 plate_1) (Not (On bowl_1 table_1)))", objects="plate_1 - plate bowl_1 - bowl")
    assert report.task.goal == "(or (on bowl_1 plate_1) (not (on bowl_1 table)))"
    assert isinstance(report.task.source.rules[0], Unjudged)


def test_a_behavior_problem_is_written_out_over_its_things(vendored) -> None:
    text = """(define (problem setting_table_0) (:domain igibson)
      (:objects plate.n.04_1 - plate.n.04 bowl.n.01_1 bowl.n.01_2 - bowl.n.01 table.n.02_1 - table.n.02
                floor.n.01_1 - floor.n.01 agent.n.01_1 - agent.n.01)
      (:init (ontop bowl.n.01_1 table.n.02_1) (inroom table.n.02_1 kitchen) (onfloor agent.n.01_1 floor.n.01_1))
      (:goal (and (exists (?b - bowl.n.01) (ontop ?b ?plate.n.04_1)))))"""
    report = import_problem(
        parse_bddl(text, name="problem0"), text, vendored, vendored.robot("panda"), file="problem0.bddl"
    )
    assert report.task is not None
    assert report.name == "setting_table_0"
    assert report.task.goal == "(or (on bowl_1 plate_1) (on bowl_2 plate_1))"
    assert report.task.source.dialect == "behavior"
    assert report.task.source.rules == ()


@pytest.mark.physics
@pytest.mark.parametrize(
    "file",
    [
        "pick_up_the_milk_and_place_it_in_the_basket",
        "pick_up_the_black_bowl_in_the_top_drawer_of_the_wooden_cabinet_and_place_it_on_the_plate",
        "put_the_wine_bottle_on_the_rack",
        "turn_on_the_stove",
    ],
)
def test_imported_tasks_pass_the_dynamic_gate_and_both_judgements(reports, vendored, file: str) -> None:
    task = reports[file].task
    builder = TabletopBuilder(vendored, vendored.robot("panda"), cameras=())
    simulator = Registry("pipeline.sim", "simulator").get("mujoco")(vendored)
    scenes = [builder.build(task, stream(3, "import", i)) for i in range(2)]
    scenes = [s.model_copy(update={"cameras": ()}) for s in scenes]
    assert dynamic_gate(task, scenes, builder, simulator, seed=3).mask.any()
    staged = builder.stage(task, scenes[0], stream(3, "import", "stage"))
    before = simulator.load([scenes[0]])
    assert not holds(parse(task.goal), before)[0]
    assert not source_holds(task.source, before)[0]
    simulator.load([staged])
    after = simulator.run(hold_still([staged], 1.5)).at(-1)
    assert holds(parse(task.goal), after)[0]
    assert source_holds(task.source, after)[0]
