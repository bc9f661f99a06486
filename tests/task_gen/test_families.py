"""Every family over many seeds: sound by the static gate, said in full, of a known length, and no task comes twice."""

import re
from collections import Counter
from itertools import islice
from typing import get_args

import pytest

from pipeline.core.goal import atoms
from pipeline.core.task import Family
from pipeline.holds import parse
from task_gen.author import ProceduralAuthor
from task_gen.gate import static_gate
from task_gen.length import stages
from task_gen.novelty import self_bleu, signature
from task_gen.pantry import Pantry
from task_gen.sense import KINDS, colour

SEEDS = range(6)
EACH = 8


@pytest.fixture(scope="module")
def two_hundred(catalog, robot):
    return tuple(islice(ProceduralAuthor(catalog, robot, 3, wording="varied").proposals(), 200))


@pytest.fixture(scope="module")
def of_family(catalog, robot):
    """Tasks of a family from several seeds, as many as it affords."""

    def found(family):
        return [
            task
            for seed in SEEDS
            for task in islice(ProceduralAuthor(catalog, robot, seed, [family], "varied").proposals(), EACH)
        ]

    return found


@pytest.mark.parametrize("family", get_args(Family))
class TestEveryFamily:
    def test_passes_the_static_gate_over_many_seeds(self, of_family, catalog, robot, family):
        tasks = of_family(family)
        verdicts = {t.name: static_gate(t, catalog, robot) for t in tasks}
        assert len(tasks) >= 24
        assert {n: [str(r) for r in v.reasons] for n, v in verdicts.items() if not v.ok} == {}

    def test_names_everything_that_its_goal_is_about(self, of_family, catalog, family):
        for task in of_family(family):
            wanted = {body.partition("/")[0] for atom in atoms(parse(task.goal)) for body in atom.args} - {"table"}
            for text in (task.instruction, *task.paraphrases):
                assert re.fullmatch(r"[A-Z][^{}_\[\]|]+[.?]", text), text
                for name in wanted:
                    assert f"the {catalog.asset(name).noun}" in text.lower(), (text, task.goal)

    def test_gives_the_same_tasks_for_the_same_seed(self, catalog, robot, family):
        first, again = (
            list(islice(ProceduralAuthor(catalog, robot, 5, [family], "varied").proposals(), 4)) for _ in range(2)
        )
        assert first == again

    def test_has_at_least_five_other_ways_to_say_each_task(self, of_family, family):
        for task in of_family(family):
            assert len({task.instruction, *task.paraphrases}) == 1 + len(task.paraphrases) >= 6


def test_two_hundred_tasks_have_at_least_eight_families_and_one_to_six_stages(two_hundred, catalog):
    families = Counter(t.family for t in two_hundred)
    assert len(two_hundred) == 200
    assert len(families) >= 8
    assert min(families[f] for f in families if f != "articulate") >= 10
    assert {stages(t, catalog) for t in two_hundred} == {1, 2, 3, 4, 5, 6}


def test_no_two_of_two_hundred_tasks_are_structurally_equal(two_hundred):
    assert len({signature(t) for t in two_hundred}) == len({t.name for t in two_hundred}) == 200


def test_the_words_of_two_hundred_tasks_repeat_little(two_hundred):
    said = [t.instruction for t in two_hundred]
    samples = [self_bleu(said[start::4][:46]) for start in range(4)]
    assert max(samples) <= 0.33


@pytest.mark.parametrize(
    ("goal", "initial", "assets", "length"),
    [
        ("(on mug plate)", (), ("mug", "plate"), 1),
        ("(is_open fridge/door)", ("(is_closed fridge/door)",), ("fridge",), 1),
        ("(and (is_open cabinet/top_drawer) (inside mug cabinet/top_drawer))", (), ("cabinet", "mug"), 2),
        ("(and (inside mug fridge) (is_closed fridge/door))", ("(is_open fridge/door)",), ("fridge", "mug"), 2),
        ("(and (inside mug fridge) (is_closed fridge/door))", ("(is_closed fridge/door)",), ("fridge", "mug"), 3),
        ("(inside mug fridge)", ("(is_closed fridge/door)",), ("fridge", "mug"), 2),
        (
            "(and (on mug table) (is_closed fridge/door))",
            ("(inside mug fridge)", "(is_closed fridge/door)"),
            ("fridge", "mug"),
            3,
        ),
        ("(in_a_row mug glass bowl)", (), ("mug", "glass", "bowl"), 2),
        ("(and (turned_on oven/heat_dial) (turned_off oven/mode_dial))", (), ("oven",), 1),
    ],
)
def test_stages_are_what_is_moved_opened_closed_and_turned(task, catalog, goal, initial, assets, length):
    assert stages(task(goal, *assets, initial=initial), catalog) == length


def test_doors_are_opened_only_by_a_handle_and_closed_without_one_too(of_family, catalog, robot):
    pantry = Pantry(catalog, robot)
    handles = {f"{a.name}/{link}": bool(a.links[link].grasps) for a, link in pantry.doors}
    opened = {t.goal.split()[1].rstrip(")") for t in of_family("door") if t.goal.startswith("(is_open")}
    closed = {t.goal.split()[1].rstrip(")") for t in of_family("door") if t.goal.startswith("(is_closed")}
    assert opened == {body for body, handle in handles.items() if handle}
    assert closed == set(handles)


def test_what_is_stowed_ends_behind_something_closed(of_family):
    tasks = of_family("stow")
    assert all("(is_closed " in t.goal for t in tasks)
    assert {t.goal.count("(inside ") for t in tasks} >= {1, 2, 3}
    assert any("(on " in t.goal for t in tasks)
    assert any(t.initial[0].startswith("(is_open") for t in tasks)


def test_a_spring_loaded_button_is_never_a_goal(of_family):
    turned = {a.args[0] for t in of_family("operate") for a in atoms(parse(t.goal)) if a.predicate.startswith("turned")}
    assert {"lever/lever", "faucet/hot_tap", "microwave/dial"} <= turned
    assert not any("button" in body for body in turned)


def test_things_that_are_sorted_differ_in_what_they_are_sorted_by(of_family, catalog):
    places = re.compile(r"\((?:on|inside|within) (\w+) (\w+)\)")
    for task in of_family("sort"):
        by = task.name.split("_")[2]
        groups: dict[str, list[str]] = {}
        for thing, place in places.findall(task.goal):
            groups.setdefault(place, []).append(thing)
        assert len(groups) >= 2
        if by == "size":
            volumes = sorted(([_volume(catalog.asset(x)) for x in g] for g in groups.values()), key=max)
            assert max(volumes[0]) < min(volumes[1])
            continue
        values = [
            {KINDS[catalog.asset(x).category] if by == "kind" else colour(catalog.asset(x)) for x in g}
            for g in groups.values()
        ]
        assert all(len(v) == 1 for v in values)
        assert len(set.union(*values)) == len(groups)


def test_things_lined_up_by_height_stand_in_order(of_family, catalog):
    lines = [t for t in of_family("arrange") if t.name.startswith("line_up_by_height")]
    assert lines
    for task in lines:
        pairs = [a.args for a in atoms(parse(task.goal)) if a.predicate == "left_of"]
        pairs += [a.args[::-1] for a in atoms(parse(task.goal)) if a.predicate == "right_of"]
        falling = {
            catalog.asset(a).links[""].bounds.half[2] > catalog.asset(b).links[""].bounds.half[2] for a, b in pairs
        }
        assert len(falling) == 1
        said = [w for w in ("tallest", "shortest") if w in task.instruction]
        assert said == (["tallest"] if falling == {True} else ["shortest"])


def _volume(asset):
    x, y, z = asset.links[""].bounds.half
    return x * y * z
