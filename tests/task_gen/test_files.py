"""Task files: what is written is read back, and every mistake is named with its place and the allowed words."""

import json

import pytest

from pipeline.core.errors import InvalidInputError
from task_gen.author import propose
from task_gen.files import dump_tasks, load_tasks


@pytest.fixture
def entry(task):
    return json.loads(task("(on mug plate)", "mug", "plate", name="put_mug_on_plate").model_dump_json())


@pytest.fixture
def load(tmp_path, catalog):
    def run(content):
        path = tmp_path / "tasks.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return load_tasks(path, catalog)

    return run


def test_authored_tasks_survive_the_file(catalog, robot, load):
    tasks = propose(catalog, robot, count=12, seed=3)
    assert load(dump_tasks(tasks)) == tasks


def test_tasks_may_be_wrapped_in_an_object(load, entry):
    assert [t.name for t in load({"tasks": [entry]})] == ["put_mug_on_plate"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"goal": "(onn mug plate)"}, r"goal: .*position 1, at 'onn'.*did you mean 'on'"),
        ({"goal": "(on mug plat)"}, r"position 8, at 'plat': unknown object; did you mean 'plate'"),
        ({"initial": ["(on mug"]}, r"initial\[0\]: .*'\)' is missing"),
        ({"objects": [{"name": "mug", "asset": "muug"}]}, r"object 'mug': Unknown asset 'muug'. Did you mean 'mug'"),
        ({"gaol": "(on mug plate)"}, r"gaol: unknown field; did you mean 'goal'\? Allowed: name, family"),
        ({"objects": [{"name": "mug", "assset": "mug"}]}, r"objects.0.assset: unknown field; did you mean 'asset'"),
        ({"family": "juggle"}, r"family: Input should be 'pick_place', 'stack'"),
        ({"horizon": -1}, r"horizon: Input should be greater than 0"),
    ],
)
def test_a_mistake_names_the_task_the_field_and_what_is_allowed(load, entry, change, says):
    with pytest.raises(InvalidInputError, match=r"(?s)task 0 \('put_mug_on_plate'\): .*" + says):
        load([{**entry, **change}])


def test_all_mistakes_of_a_file_come_at_once(load, entry):
    with pytest.raises(InvalidInputError, match=r"(?s)3 mistake.*task 0.*task 1.*is used 2 times"):
        load([{**entry, "goal": "(onn mug plate)"}, {**entry, "goal": "(on mug plat)"}])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('[{"name": ]', "not JSON: .* at line 1, column 11"),
        ("[]", "non-empty list of tasks"),
        ('"task"', "non-empty list of tasks"),
    ],
)
def test_a_file_that_is_no_list_of_tasks_says_so(load, content, says):
    with pytest.raises(InvalidInputError, match=says):
        load(content)


def test_a_missing_file_is_one_clear_message(tmp_path, catalog):
    with pytest.raises(InvalidInputError, match=r"Cannot read the task file '.*nowhere.json'"):
        load_tasks(tmp_path / "nowhere.json", catalog)
