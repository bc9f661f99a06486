"""Task files: TaskSpecs as JSON or YAML, read with errors that say where, what and which words are allowed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from pipeline.core.doors import Catalog
from pipeline.core.errors import GoalSyntaxError, InvalidInputError, UnknownNameError
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.holds import parse
from task_gen.bddl import read_text
from task_gen.compose import TABLE
from task_gen.gate import object_names
from task_gen.yaml_text import read_yaml

BDDL, YAML = ".bddl", (".yaml", ".yml")


def load_tasks(path: Path, catalog: Catalog) -> tuple[TaskSpec, ...]:
    """The tasks of a JSON or YAML file: one task, a list of tasks, or ``{"tasks": [...]}``.

    Raises :class:`InvalidInputError` with every mistake found: malformed text (line and column), unknown or missing
    fields, unknown assets, and formulas that do not parse (position and nearest word).
    """
    if path.suffix.lower() == BDDL:
        raise InvalidInputError(
            f"{path} is BDDL; make tasks of it with 'taskloom tasks import {path.name} --out FILE'."
        )
    entries = _entries(path)
    tasks, mistakes = list[TaskSpec](), list[str]()
    for index, entry in enumerate(entries):
        label = f"task {index}" + (f" ({entry['name']!r})" if isinstance(entry, dict) and "name" in entry else "")
        try:
            task = TaskSpec.model_validate(entry)
        except ValidationError as error:
            mistakes += [f"{label}: {why}" for why in _explain(error)]
            continue
        tasks.append(task)
        mistakes += [f"{label}: {why}" for why in _words(task, catalog)]
    mistakes += _repeated(tasks)
    if mistakes:
        raise InvalidInputError(f"{path} has {len(mistakes)} mistake(s):\n" + "\n".join(f"- {m}" for m in mistakes))
    return tuple(tasks)


def dump_tasks(tasks: Sequence[TaskSpec]) -> str:
    """The JSON text that :func:`load_tasks` reads back."""
    return json.dumps([t.model_dump(mode="json") for t in tasks], indent=2) + "\n"


def _entries(path: Path) -> list[Any]:
    content = read_yaml(path) if path.suffix.lower() in YAML else _read_json(path)
    entries = content.get("tasks", [content]) if isinstance(content, dict) else content
    if not isinstance(entries, list) or not entries:
        raise InvalidInputError(f'{path}: expected a task, a non-empty list of tasks, or {{"tasks": [...]}}.')
    return entries


def _read_json(path: Path) -> Any:
    try:
        return json.loads(read_text(path, what="task file"))
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidInputError(f"{path} is not JSON: {error.msg} at {where}.") from error
    except RecursionError:
        raise InvalidInputError(f"{path} is nested too deeply for a task file.") from None


def _explain(error: ValidationError) -> Iterable[str]:
    for item in error.errors():
        where = ".".join(map(str, item["loc"])) or "task"
        if item["type"] != "extra_forbidden" or item["loc"][0] == "source":
            yield f"{where}: {item['msg']}."
            continue
        model: type[BaseModel] = TaskObject if item["loc"][0] == "objects" else TaskSpec
        yield f"{where}: unknown field; {_nearest(str(item['loc'][-1]), tuple(model.model_fields))}"


def _nearest(word: str, allowed: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, allowed, n=1, cutoff=0.5)
    return (f"did you mean {close[0]!r}? " if close else "") + f"Allowed: {', '.join(allowed)}."


def _words(task: TaskSpec, catalog: Catalog) -> list[str]:
    """Unknown assets; when there are none, formulas that do not parse over the task's names."""
    assets, mistakes = {}, list[str]()
    for item in (*task.objects, TABLE):
        try:
            assets[item.name] = catalog.asset(item.asset)
        except UnknownNameError as error:
            mistakes.append(f"object {item.name!r}: {error}")
    if mistakes:
        return mistakes
    names = object_names(task, assets)
    for label, text in [("goal", task.goal), *((f"initial[{i}]", t) for i, t in enumerate(task.initial))]:
        try:
            parse(text, names)
        except GoalSyntaxError as error:
            mistakes.append(f"{label}: {error}")
    return mistakes


def _repeated(tasks: Sequence[TaskSpec]) -> list[str]:
    names = [t.name for t in tasks]
    return [f"task name {n!r} is used {names.count(n)} times" for n in dict.fromkeys(names) if names.count(n) > 1]
