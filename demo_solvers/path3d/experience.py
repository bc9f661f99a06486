"""Experience: how the hand was used in attempts whose goal a predicate confirmed, by kind of thing and instruction.

A file of JSON lines, one use of the tool a line. Lines are made by who has the judgement, never by the solver: it hands
out lessons with every attempt and does not hear which were kept until a later run is given them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from demo_solvers.line_file import alone_with, lines_digest, read_lines, write_lines
from pipeline.core.doors import Catalog
from pipeline.core.errors import UnknownNameError
from pipeline.core.geometry import Frozen
from pipeline.core.lesson import ToolUse

CALLED = "experience"
KEPT = 200  # lines of one action on one kind of thing, the newest


class Kind(Frozen):
    """What a thing is."""

    asset: str
    category: str
    link: str = ""


class Experience(Frozen):
    """One line: in a confirmed attempt, an action was done with the tool so."""

    version: Literal[1] = 1
    robot: str
    verb: str
    relation: str | None = None
    thing: Kind
    to: Kind | None = None
    instruction: str
    use: ToolUse
    source: str = Field(description="digest of the batch and row of the attempt; the same attempt counts once")

    @property
    def about(self) -> tuple[object, ...]:
        """What it is an experience of."""
        return self.robot, self.verb, self.relation, self.thing, self.to


@dataclass(frozen=True)
class Experiences:
    """Lines in the order in which they were made; each is in it once."""

    lines: tuple[Experience, ...] = ()

    @staticmethod
    def read(path: Path) -> Experiences:
        """What is in a file; raises :class:`InvalidInputError` for one that is not there or not sound."""
        return Experiences().with_lines(read_lines(path, Experience, called=CALLED))

    @property
    def digest(self) -> str:
        """Short content address; empty for no experience."""
        return lines_digest(self.lines)

    def with_lines(self, lines: Iterable[Experience]) -> Experiences:
        """These and further lines, each once; of one action on one kind of thing the newest."""
        every = list({line.model_dump_json(): line for line in (*self.lines, *lines)}.values())
        left, kept = dict[tuple[object, ...], int](), list[Experience]()
        for line in reversed(every):
            left[line.about] = left.get(line.about, KEPT) - 1
            if left[line.about] >= 0:
                kept.append(line)
        return Experiences(tuple(reversed(kept)))

    def write(self, path: Path) -> None:
        """Replace the file as a whole; raises :class:`OutputError`."""
        write_lines(path, self.lines, called=CALLED)


def merge(path: Path, lines: Iterable[Experience]) -> Experiences:
    """Add lines to a file, made if it is not there; safe beside others that do the same."""
    with alone_with(path, called=CALLED):
        merged = (Experiences.read(path) if path.exists() else Experiences()).with_lines(lines)
        merged.write(path)
    return merged


def kind_of(name: str | None, assets: Mapping[str, str], catalog: Catalog) -> Kind | None:
    """What kind of thing a name of a task, or of a link of it, means; None for none and for the table."""
    base, _, link = (name or "").partition("/")
    if base not in assets:
        return None
    try:
        category = catalog.asset(assets[base]).category
    except UnknownNameError:  # known by pictures alone
        category = ""
    return Kind(asset=assets[base], category=category, link=link)
