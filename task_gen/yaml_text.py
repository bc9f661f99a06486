"""YAML of task files: plain data only, without aliases, so that a small file cannot become a large value."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from pipeline.core.errors import InvalidInputError
from task_gen.bddl import read_text

DEEPEST = 20


class _PlainLoader(yaml.SafeLoader):
    """Safe tags only; no aliases, no repeated keys, nothing nested deeper than a task can be."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError(_at(event.start_mark, f"the alias *{event.anchor}; write the value out"))
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.YAMLError(_at(event.start_mark, f"more than {DEEPEST} levels"))
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        seen = set[Any]()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.YAMLError(_at(key.start_mark, f"the key {key.value!r} a second time"))
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """The one document of a YAML file; raises :class:`InvalidInputError` with the line and what is not allowed."""
    text = read_text(path, what="task file")
    try:
        return yaml.load(text, Loader=_PlainLoader)
    except yaml.MarkedYAMLError as error:
        where = _at(error.problem_mark, str(error.problem)) if error.problem_mark else str(error.problem)
        raise InvalidInputError(f"{path} is not YAML that is read here: {where}.") from error
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise InvalidInputError(f"{path} is not YAML that is read here: {error}.") from error


def _at(mark: yaml.Mark, what: str) -> str:
    return f"{what} at line {mark.line + 1}, column {mark.column + 1}"
