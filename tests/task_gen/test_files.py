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


@pytest.fixture
def load_yaml(tmp_path, catalog):
    def run(content):
        path = tmp_path / "tasks.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_tasks(path, catalog)

    return run


YAML = """
name: put_mug_on_plate
family: pick_place
instruction: Put the mug on the plate.
objects:
  - {name: mug, asset: mug}
  - {name: plate, asset: plate, role: receptacle}
goal: (on mug plate)
"""


def test_yaml_is_one_task_or_a_list_and_equals_its_json(load, load_yaml, entry):
    (task,) = load_yaml(YAML)
    assert task.goal == "(on mug plate)"
    assert load(json.loads(task.model_dump_json())) == (task,)
    listed = "".join(f"- {line}\n" if i == 0 else f"  {line}\n" for i, line in enumerate(YAML.strip().splitlines()))
    assert load_yaml(listed) == load_yaml(f"tasks:\n{listed}") == (task,)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("goal: [unclosed", r"not YAML that is read here: .* at line 1"),
        ("just words", "expected a task, a non-empty list"),
        ("mug: &a [1]\nplate: *a", r"the alias \*a; write the value out at line 2, column 8"),
        ("name: a\nname: b", r"the key 'name' a second time at line 2, column 1"),
        ("name: !!python/object/apply:os.system [ls]", "not YAML that is read here: could not determine a constructor"),
        ("[" * 60 + "]" * 60, "more than 20 levels"),
        ("--- a\n--- b", "not YAML that is read here"),
        (b"\xff\xfe\x00n", "Cannot read the task file"),
        ("- 7", "task 0: task: Input should be a valid dictionary"),
        ("? [a, b]\n: c", "not YAML that is read here"),
        (YAML.replace("goal:", "gaol:"), "gaol: unknown field; did you mean 'goal'"),
    ],
)
def test_yaml_that_is_no_task_is_told_so(load_yaml, content, says):
    with pytest.raises(InvalidInputError, match=says):
        load_yaml(content)


def test_an_alias_bomb_is_refused_before_it_grows(load_yaml):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
    )
    with pytest.raises(InvalidInputError, match=r"the alias \*a0"):
        load_yaml(bomb)


def test_a_huge_or_deeply_nested_file_is_refused(load, load_yaml):
    with pytest.raises(InvalidInputError, match="are too long for a task file"):
        load_yaml("#" * 2_000_001)
    with pytest.raises(InvalidInputError, match=r"nested too deeply|not JSON"):
        load("[" * 200_000)


def test_bddl_is_pointed_to_the_import(tmp_path, catalog):
    (tmp_path / "x.bddl").write_text("(define)")
    with pytest.raises(InvalidInputError, match="taskloom tasks import"):
        load_tasks(tmp_path / "x.bddl", catalog)
