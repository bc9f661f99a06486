"""BDDL problem files, as LIBERO and BEHAVIOR write them, read into typed values; nothing is interpreted yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field

from pipeline.core.errors import InvalidInputError
from pipeline.core.geometry import Frozen
from task_gen.bddl_formula import Expression, Fact, Formula, read_formula, short

_TOKEN = re.compile(r";[^\n]*|[()]|[^\s();]+")
LONGEST = 2_000_000  # characters; problem files have a few thousand
DEEPEST = 50


class Region(Frozen):
    """A named area of a fixture; ``ranges`` are (x low, y low, x high, y high) [m] in the fixture's frame."""

    name: str
    target: str
    ranges: tuple[tuple[float, float, float, float], ...] = ()
    yaw: tuple[float, float] | None = Field(default=None, description="rad")


class Problem(Frozen):
    """One file. ``objects`` and ``fixtures`` map instances to categories."""

    name: str
    language: str
    objects: dict[str, str]
    fixtures: dict[str, str]
    regions: tuple[Region, ...]
    init: tuple[Fact, ...]
    goal: tuple[Formula, ...] = Field(description="all of them; quantifiers are written out")
    of_interest: tuple[str, ...] = ()
    title: str = Field(default="", description="after (problem")
    domain: str = ""
    goal_text: str = Field(default="", description="as the file writes it, on one line")

    def category(self, instance: str) -> str:
        """Of an object or a fixture; raises KeyError."""
        return self.objects[instance] if instance in self.objects else self.fixtures[instance]

    def region_of(self, name: str) -> tuple[str, Region] | None:
        """The instance and region that ``main_table_plate_region`` names, if it names one."""
        for region in self.regions:
            if name == f"{region.target}_{region.name}":
                return region.target, region
        return None


def read_bddl(path: Path) -> Problem:
    """Read a file; raises :class:`InvalidInputError` naming it, the place and what was expected."""
    return parse_bddl(read_text(path, what="BDDL file"), name=path.stem, source=str(path))


def read_text(path: Path, *, what: str) -> str:
    """The text of a file; raises :class:`InvalidInputError` for one that is missing, huge or not UTF-8."""
    try:
        size = path.stat().st_size
        if size > LONGEST:
            raise InvalidInputError(f"{path}: {size} bytes are too long for a {what}; at most {LONGEST} are read.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"Cannot read the {what} {str(path)!r}: {error}.") from error


def parse_bddl(text: str, *, name: str, source: str = "text") -> Problem:
    """Read a problem from text; ``name`` is what it is called afterwards."""
    if len(text) > LONGEST:
        raise InvalidInputError(f"{source}: {len(text)} characters are too long for a BDDL problem.")
    sections = _sections(_parse(text, source), source)
    goal = sections.get(":goal", ())
    if not goal:
        raise InvalidInputError(f"{source}: there is no (:goal ...); a task needs one.")
    objects, fixtures = (_typed(sections.get(s, ()), source) for s in (":objects", ":fixtures"))
    if not objects and not fixtures:
        raise InvalidInputError(f"{source}: there is no (:objects ...) or (:fixtures ...); a task needs things.")
    things = objects | fixtures
    return Problem(
        name=name,
        language=" ".join(_words(sections.get(":language", ()))),
        objects=objects,
        fixtures=fixtures,
        regions=tuple(_region(e, source) for e in sections.get(":regions", ())),
        init=tuple(f for e in sections.get(":init", ()) for f in _initial(e, things, source)),
        goal=tuple(f for e in goal for f in read_formula(e, things, source=source)),
        of_interest=tuple(_words(sections.get(":obj_of_interest", ()))),
        title=" ".join(_words(sections.get("problem", ()))),
        domain=" ".join(_words(sections.get(":domain", ()))),
        goal_text=" ".join(map(_text, goal)),
    )


def _parse(text: str, source: str) -> Expression:
    stack: list[list[Expression]] = [[]]
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token.startswith(";"):
            continue
        if token == "(":
            stack.append([])
            if len(stack) > DEEPEST:
                raise InvalidInputError(f"{source}: nested deeper than {DEEPEST} at {_place(text, match.start())}.")
        elif token == ")":
            if len(stack) == 1:
                raise InvalidInputError(f"{source}: a ')' too many at {_place(text, match.start())}.")
            done = tuple(stack.pop())
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    if len(stack) != 1:
        raise InvalidInputError(f"{source}: {len(stack) - 1} ')' missing at the end.")
    if len(stack[0]) != 1:
        raise InvalidInputError(f"{source}: expected one (define ...), found {len(stack[0])} expressions.")
    return stack[0][0]


def _place(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - text.rfind(chr(10), 0, at)}"


def _sections(tree: Expression, source: str) -> dict[str, tuple[Expression, ...]]:
    if isinstance(tree, str) or not tree or tree[0] != "define":
        raise InvalidInputError(f"{source}: expected (define (problem ...) ...).")
    found: dict[str, tuple[Expression, ...]] = {}
    for part in tree[1:]:
        if isinstance(part, str) or not part or not isinstance(part[0], str):
            raise InvalidInputError(f"{source}: expected (:section ...) inside define, found {short(part)}.")
        found[part[0].lower()] = part[1:]
    return found


def _typed(items: Sequence[Expression], source: str) -> dict[str, str]:
    """``a b - kind c - other`` as instance to category."""
    found, waiting, words = dict[str, str](), list[str](), iter(_words(items))
    for word in words:
        if word != "-":
            waiting.append(word)
            continue
        category = next(words, None)
        if category is None or not waiting:
            raise InvalidInputError(f"{source}: '-' needs names before it and a category after it.")
        found |= dict.fromkeys(waiting, category)
        waiting = []
    if waiting:
        raise InvalidInputError(f"{source}: {', '.join(waiting)} have no category; write 'name - category'.")
    return found


def _region(entry: Expression, source: str) -> Region:
    if isinstance(entry, str) or not entry or not isinstance(entry[0], str):
        raise InvalidInputError(f"{source}: expected (region (:target ...) ...), found {short(entry)}.")
    fields = {str(part[0]): part[1:] for part in entry[1:] if isinstance(part, tuple) and part}
    target = _words(fields.get(":target", ()))
    if len(target) != 1:
        raise InvalidInputError(f"{source}: region {entry[0]!r} needs one (:target ...).")
    ranges = [_numbers(r, 4, source, entry[0]) for r in _tuples(fields.get(":ranges", ()))]
    yaws = [_numbers(r, 2, source, entry[0]) for r in _tuples(fields.get(":yaw_rotation", ()))]
    return Region.model_validate(
        {"name": entry[0], "target": target[0], "ranges": ranges, "yaw": yaws[0] if yaws else None}
    )


def _tuples(parts: Sequence[Expression]) -> Iterator[tuple[Expression, ...]]:
    """The innermost tuples: ``((a b) (c d))``."""
    for part in parts:
        if isinstance(part, tuple):
            if any(isinstance(p, tuple) for p in part):
                yield from _tuples(part)
            elif part:
                yield part


def _numbers(parts: Sequence[Expression], count: int, source: str, region: str) -> list[float]:
    try:
        values = [float(str(p)) for p in parts]
    except ValueError:
        values = []
    if len(values) != count:
        raise InvalidInputError(f"{source}: region {region!r} needs {count} numbers, found {short(tuple(parts))}.")
    return values


def _initial(entry: Expression, things: dict[str, str], source: str) -> Iterator[Fact]:
    for formula in read_formula(entry, things, source=source):
        if not isinstance(formula, Fact):
            raise InvalidInputError(f"{source}: {short(entry)} in the start is a choice; write what holds.")
        yield formula


def _text(value: Expression) -> str:
    return value if isinstance(value, str) else "(" + " ".join(map(_text, value)) + ")"


def _words(items: Sequence[Expression]) -> list[str]:
    return [item for item in items if isinstance(item, str)]
