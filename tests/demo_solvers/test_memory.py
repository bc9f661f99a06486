"""Memory: programs that were seen to work are offered to tasks alike, under their own names, and counted once."""

import threading

import pytest
from pydantic import ValidationError

from demo_solvers.memory import Key, Measurement, Memory, abstract, key_of, merge
from pipeline.core.errors import InvalidInputError, OutputError
from pipeline.core.program import Program, Relation, Stage, Target
from pipeline.core.task import TaskObject, TaskSpec

CLASSES = {"cup": "cup", "dish": "plate", "mug": "cup", "plate": "plate", "bowl": "bowl", "cabinet": "cabinet"}


def task(goal, *names, family="pick_place"):
    objects = tuple(TaskObject(name=n, asset=n) for n in names)
    return TaskSpec(name="a_task", family=family, instruction="Do it.", objects=objects, goal=goal)


def program(body, anchor, **parameters):
    return Program(
        stages=(
            Stage(skill="pick", body=body, parameters=parameters),
            Stage(
                skill="place",
                body=body,
                relations=(Relation(predicate="on", anchor=anchor),),
                target=Target(pose=(0, 0, 0.1, 1, 0, 0, 0), frame=anchor),
                post=f"(on {body} {anchor})",
            ),
        )
    )


MUG, CUP = task("(on mug plate)", "plate", "mug"), task("(on cup dish)", "cup", "dish")


def measured(source="b1", solved=6, attempts=8, **parameters):
    return Measurement(
        key=key_of(MUG, CLASSES, "panda"),
        program=abstract(program("mug", "plate", **parameters), MUG),
        solved=solved,
        attempts=attempts,
        source=source,
    )


def test_a_program_is_offered_to_a_task_alike_with_that_tasks_names():
    memory = Memory().with_lines([measured(lift=0.2)])
    (offered,) = memory.offers(CUP, CLASSES, "panda")
    assert offered.stages == program("cup", "dish", lift=0.2).stages
    assert offered.author == "memory"


@pytest.mark.parametrize(
    ("other", "robot"),
    [
        (CUP, "ur5e"),
        (task("(inside cup dish)", "cup", "dish"), "panda"),
        (task("(on cup dish)", "cup", "dish", family="stack"), "panda"),
        (task("(on bowl dish)", "bowl", "dish"), "panda"),
        (task("(on cup dish)", "cup", "dish", "bowl"), "panda"),
    ],
)
def test_other_robots_goals_families_and_things_are_offered_nothing(other, robot):
    assert Memory().with_lines([measured()]).offers(other, CLASSES, robot) == ()


def test_links_keep_their_names_and_things_are_numbered_in_the_order_of_the_goal():
    stowed = task("(and (inside mug cabinet/top_drawer) (is_closed cabinet/top_drawer))", "cabinet", "mug")
    key = key_of(stowed, CLASSES, "panda")
    assert key == Key(
        family="pick_place",
        robot="panda",
        classes=("cup", "cabinet"),
        shape="(and (inside o0 o1/top_drawer) (is_closed o1/top_drawer))",
    )


def test_nothing_that_never_worked_is_offered_and_the_surest_comes_first():
    memory = Memory().with_lines(
        [
            measured("b1", solved=0, attempts=8, lift=0.05),
            measured("b1", solved=1, attempts=1, lift=0.1),
            measured("b1", solved=30, attempts=32, lift=0.15),
            measured("b2", solved=0, attempts=8, lift=0.1),
        ]
    )
    lifts = [p.stages[0].parameters["lift"] for p in memory.offers(MUG, CLASSES, "panda")]
    assert lifts == [0.15, 0.1]


def test_the_same_batch_counts_once_however_often_it_is_merged(tmp_path):
    path = tmp_path / "memory.jsonl"
    once = merge(path, [measured("b1"), measured("b2")])
    again = merge(path, [measured("b2"), measured("b1"), measured("b3")])
    assert len(once.lines) == 2
    assert [line.source for line in again.lines] == ["b1", "b2", "b3"]
    assert Memory.read(path) == again
    assert Memory.read(path).digest != once.digest


def test_runs_that_merge_at_once_lose_nothing(tmp_path):
    path = tmp_path / "memory.jsonl"
    threads = [threading.Thread(target=merge, args=(path, [measured(f"b{i}")])) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {line.source for line in Memory.read(path).lines} == {f"b{i}" for i in range(12)}


def test_more_successes_than_attempts_are_no_measurement():
    with pytest.raises(ValidationError, match="9 solved of 8 attempts"):
        measured(solved=9)


def test_a_damaged_file_is_told_by_line(tmp_path):
    path = tmp_path / "memory.jsonl"
    path.write_text(measured().model_dump_json() + "\n{broken\n")
    with pytest.raises(InvalidInputError, match="line 2"):
        Memory.read(path)
    with pytest.raises(InvalidInputError, match="Cannot read the memory"):
        Memory.read(tmp_path / "none.jsonl")


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Cannot write the memory"):
        merge(tmp_path / "file" / "memory.jsonl", [measured()])


def test_an_empty_memory_has_no_digest():
    assert Memory().digest == ""
