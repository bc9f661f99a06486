"""Memory: programs with their measured success, kept by what a task is about, offered again for tasks alike.

A file of JSON lines, one measurement a line: a program in one batch of scenes, how many it was tried in and in how
many the goal's predicates, judged on the states, said that it was reached. Names of things are left out: a mug is
``o0`` and its plate ``o1``, whatever the task calls them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, model_validator

from demo_solvers.line_file import alone_with, lines_digest, read_lines, write_lines
from pipeline.core.geometry import Frozen
from pipeline.core.program import Program, Stage
from pipeline.core.task import Family, TaskSpec

CALLED = "memory"
OFFERED = 2  # programs that are offered for one task
_WORD = re.compile(r"[^\s()]+")


class Key(Frozen):
    """What tasks have to share for a program to be offered."""

    family: Family
    robot: str
    classes: tuple[str, ...] = Field(description="categories of the things, in the order of o0, o1, ...")
    shape: str = Field(description="the goal, with o0, o1, ... for the things")


class Measurement(Frozen):
    """One line: a program, with o0, o1, ... for the things, in the scenes of one batch."""

    key: Key
    program: Program
    patches: tuple[str, ...] = Field(default=(), description="in words, what refinement changed to get it")
    solved: int = Field(ge=0, description="scenes whose goal a predicate confirmed")
    attempts: int = Field(ge=1)
    source: str = Field(description="digest of the batch that it was measured in; the same batch counts once")

    @model_validator(mode="after")
    def _solves_no_more_than_it_tried(self) -> Measurement:
        if self.solved > self.attempts:
            raise ValueError(f"{self.solved} solved of {self.attempts} attempts")
        return self


@dataclass(frozen=True)
class Memory:
    """Measurements in the order in which they were made; each is in it once."""

    lines: tuple[Measurement, ...] = ()

    @staticmethod
    def read(path: Path) -> Memory:
        """The memory in a file; raises :class:`InvalidInputError` for one that is not there or not sound."""
        return Memory().with_lines(read_lines(path, Measurement, called=CALLED))

    @property
    def digest(self) -> str:
        """Short content address; empty for an empty memory."""
        return lines_digest(self.lines)

    def with_lines(self, lines: Iterable[Measurement]) -> Memory:
        """This memory and further measurements; what is in it already is not counted again."""
        return Memory(tuple({line.model_dump_json(): line for line in (*self.lines, *lines)}.values()))

    def offers(self, task: TaskSpec, categories: Mapping[str, str], robot: str) -> tuple[Program, ...]:
        """Programs that have solved tasks alike, the surest first, with the names of this task's things.

        ``categories`` maps each object of the task to the category of its asset.
        """
        key, names = key_of(task, categories, robot), _names(task)
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        programs: dict[str, Program] = {}
        for line in self.lines:
            if line.key == key:
                programs.setdefault(line.program.digest, line.program)
                counts[line.program.digest][0] += line.solved
                counts[line.program.digest][1] += line.attempts
        # The mean of a uniform prior after the counts (Laplace): one lucky attempt is no proof.
        worth = {d: (solved + 1) / (attempts + 2) for d, (solved, attempts) in counts.items() if solved}
        best = sorted(worth, key=lambda d: (-worth[d], d))[:OFFERED]
        back = {abstract: name for name, abstract in names.items()}
        return tuple(_renamed(programs[d], back).model_copy(update={"author": "memory"}) for d in best)

    def write(self, path: Path) -> None:
        """Replace the file as a whole; raises :class:`OutputError`."""
        write_lines(path, self.lines, called=CALLED)


def merge(path: Path, lines: Iterable[Measurement]) -> Memory:
    """Add measurements to a file, made if it is not there; safe beside others that do the same."""
    with alone_with(path, called=CALLED):
        merged = (Memory.read(path) if path.exists() else Memory()).with_lines(lines)
        merged.write(path)
    return merged


def key_of(task: TaskSpec, categories: Mapping[str, str], robot: str) -> Key:
    """What a task is about."""
    names = _names(task)
    return Key(
        family=task.family,
        robot=robot,
        classes=tuple(categories[name] for name in names),
        shape=_worded(task.goal, names),
    )


def abstract(program: Program, task: TaskSpec) -> Program:
    """A program with o0, o1, ... in the place of the task's things."""
    return _renamed(program, _names(task))


def _names(task: TaskSpec) -> dict[str, str]:
    """The task's things, those of the goal first, in its order, and what they are called in the memory."""
    known = [o.name for o in task.objects]
    said = [word.partition("/")[0] for word in _WORD.findall(task.goal)]
    order = dict.fromkeys((*(word for word in said if word in known), *known))
    return {name: f"o{i}" for i, name in enumerate(order)}


def _renamed(program: Program, names: Mapping[str, str]) -> Program:
    stages = tuple(_stage(stage, names) for stage in program.stages)
    return program.model_copy(update={"stages": stages})


def _stage(stage: Stage, names: Mapping[str, str]) -> Stage:
    relations = [r.model_copy(update={"anchor": _worded(r.anchor, names)}) for r in stage.relations]
    target = stage.target
    if target is not None and target.frame is not None:
        target = target.model_copy(update={"frame": _worded(target.frame, names)})
    return stage.model_copy(
        update={
            "body": _worded(stage.body, names),
            "relations": tuple(relations),
            "target": target,
            "pre": None if stage.pre is None else _worded(stage.pre, names),
            "post": None if stage.post is None else _worded(stage.post, names),
        }
    )


def _worded(text: str, names: Mapping[str, str]) -> str:
    """A formula or a body with its things renamed; links keep their names."""

    def renamed(match: re.Match[str]) -> str:
        base, slash, link = match[0].partition("/")
        return names.get(base, base) + slash + link

    return _WORD.sub(renamed, text)
