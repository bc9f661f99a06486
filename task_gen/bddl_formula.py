"""Formulas of BDDL: And, Or, Not, imply and the quantifiers, written out over the things of one problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, permutations
from typing import Literal

from pipeline.core.errors import InvalidInputError
from pipeline.core.geometry import Frozen

Expression = str | tuple["Expression", ...]
Scope = Mapping[str, str]
MOST = 400  # facts that one goal may come to; quantifiers multiply
QUANTIFIERS = ("forall", "exists", "forn", "forpairs", "fornpairs")


class Fact(Frozen):
    """``(On mug_1 table)``, or its negation."""

    predicate: str
    args: tuple[str, ...]
    positive: bool = True

    def __str__(self) -> str:
        text = f"({' '.join([self.predicate, *self.args])})"
        return text if self.positive else f"(Not {text})"


class Group(Frozen):
    """All (``and``) or at least one (``or``) of several formulas; negation stands at the facts."""

    op: Literal["and", "or"]
    parts: tuple[Fact | Group, ...]

    def __str__(self) -> str:
        return f"({self.op.capitalize()} {' '.join(map(str, self.parts))})"


Formula = Fact | Group


def facts(formulas: Sequence[Formula]) -> Iterator[Fact]:
    """Every fact, left to right."""
    for formula in formulas:
        if isinstance(formula, Fact):
            yield formula
        else:
            yield from facts(formula.parts)


def read_formula(entry: Expression, things: Scope, *, source: str) -> tuple[Formula, ...]:
    """The conjuncts of one expression; ``things`` maps instances to categories, for quantifiers.

    Raises :class:`InvalidInputError` naming the source, the expression and what was expected.
    """
    reader = _Reader(things, source)
    found = tuple(reader.conjuncts(entry, {}, positive=True))
    if sum(1 for _ in facts(found)) > MOST:
        raise reader.refuse(entry, f"comes to more than {MOST} facts over this problem's objects")
    return found


class _Reader:
    def __init__(self, things: Scope, source: str) -> None:
        self.things, self.source, self._count = things, source, 0

    def refuse(self, entry: Expression, why: str) -> InvalidInputError:
        return InvalidInputError(f"{self.source}: {short(entry)} {why}.")

    def conjuncts(self, entry: Expression, bound: Scope, *, positive: bool) -> Iterator[Formula]:
        formula = self.formula(entry, bound, positive=positive)
        if isinstance(formula, Group) and formula.op == "and":
            yield from formula.parts
        else:
            yield formula

    def formula(self, entry: Expression, bound: Scope, *, positive: bool) -> Formula:
        if isinstance(entry, str) or not entry or not isinstance(entry[0], str):
            raise InvalidInputError(f"{self.source}: expected a fact such as (On mug_1 table), found {short(entry)}.")
        head = entry[0].lower()
        if head == "not":
            self._takes(entry, 1)
            return self.formula(entry[1], bound, positive=not positive)
        if head in ("and", "or"):
            cases = [(part, bound) for part in entry[1:]]
            return self._group(cases, entry, every=head == "and", positive=positive)
        if head == "imply":
            self._takes(entry, 2)
            parts = (
                self.formula(entry[1], bound, positive=not positive),
                self.formula(entry[2], bound, positive=positive),
            )
            return _grouped("or" if positive else "and", parts)
        if head in QUANTIFIERS:
            return self._quantified(head, entry, bound, positive=positive)
        return self._fact(entry, bound, positive=positive)

    def _takes(self, entry: tuple[Expression, ...], count: int) -> None:
        if len(entry) != count + 1:
            raise self.refuse(entry, f"takes {count} formula{'s' if count > 1 else ''}, has {len(entry) - 1}")

    def _group(
        self, parts: Sequence[tuple[Expression, Scope]], entry: Expression, *, every: bool, positive: bool
    ) -> Formula:
        if not parts:
            raise self.refuse(entry, "is empty")
        op: Literal["and", "or"] = "and" if every == positive else "or"
        return _grouped(op, tuple(self.formula(part, bound, positive=positive) for part, bound in parts))

    def _quantified(self, head: str, entry: tuple[Expression, ...], bound: Scope, *, positive: bool) -> Formula:
        """``forall`` is an And over the category's instances, ``exists`` an Or, the counted ones an Or of Ands."""
        if head in ("forall", "exists"):
            self._takes(entry, 2)
            cases = [(entry[2], {**bound, **b}) for b in self._instances(entry[1], entry)]
            return self._group(cases, entry, every=head == "forall", positive=positive)
        count = None
        if head in ("forn", "fornpairs"):
            self._takes(entry, 3 if head == "forn" else 4)
            count, entry = self._number(entry), (entry[0], *entry[2:])
        choices = self._matchings(entry, count) if head != "forn" else self._subsets(entry, count or 0)
        ways = [
            self._group([(entry[-1], {**bound, **case}) for case in way], entry, every=True, positive=positive)
            for way in choices
        ]
        if not ways:
            raise self.refuse(entry, "has too few objects in this problem")
        return _grouped("or" if positive else "and", tuple(ways))

    def _number(self, entry: tuple[Expression, ...]) -> int:
        given = entry[1]
        text = given[0] if isinstance(given, tuple) and len(given) == 1 else given
        if not isinstance(text, str) or not text.isdecimal() or int(text) < 1:
            raise self.refuse(entry, f"needs a whole number above 0 after {entry[0]!r}")
        return int(text)

    def _subsets(self, entry: tuple[Expression, ...], count: int) -> Iterator[tuple[dict[str, str], ...]]:
        return _some(combinations(list(self._instances(entry[1], entry)), count), self._too_many(entry))

    def _matchings(self, entry: tuple[Expression, ...], count: int | None) -> Iterator[tuple[dict[str, str], ...]]:
        """Pairs of different instances of two categories, as many as there can be or as asked."""
        self._takes(entry, 3)
        first, second = (list(self._instances(e, entry)) for e in entry[1:3])
        size = min(len(first), len(second)) if count is None else count
        pairs = (
            tuple({**a, **b} for a, b in zip(chosen, order, strict=True))
            for chosen in combinations(first, size)
            for order in permutations(second, size)
        )
        return _some(pairs, self._too_many(entry))

    def _too_many(self, entry: Expression) -> Callable[[], InvalidInputError]:
        return lambda: self.refuse(entry, f"has more than {MOST} cases over this problem's objects")

    def _instances(self, declared: Expression, entry: Expression) -> Iterator[dict[str, str]]:
        words = [w for w in declared if isinstance(w, str)] if isinstance(declared, tuple) else []
        if len(words) != 3 or words[1] != "-" or not words[0].startswith("?"):
            raise self.refuse(entry, "needs a variable such as (?x - mug.n.01)")
        names = [name for name, category in self.things.items() if category == words[2]]
        if not names:
            raise self.refuse(entry, f"ranges over {words[2]!r}, of which the problem has none")
        return ({words[0]: name} for name in names)

    def _fact(self, entry: tuple[Expression, ...], bound: Scope, *, positive: bool) -> Fact:
        words = [w for w in entry if isinstance(w, str)]
        if len(words) != len(entry) or len(words) < 2:
            raise self.refuse(entry, "takes names only")
        self._count += 1
        if self._count > MOST:
            raise self._too_many(entry)()
        args = tuple(self._name(w, bound, entry) for w in words[1:])
        return Fact(predicate=words[0], args=args, positive=positive)

    def _name(self, word: str, bound: Scope, entry: Expression) -> str:
        if word in bound:
            return bound[word]
        name = word.removeprefix("?")
        if word.startswith("?") and name not in self.things:
            raise self.refuse(entry, f"names {word!r}, which no quantifier binds")
        return name


def _grouped(op: Literal["and", "or"], parts: tuple[Formula, ...]) -> Formula:
    """One group, with groups of the same kind taken in; a group of one is its part."""
    flat = tuple(
        inner for part in parts for inner in (part.parts if isinstance(part, Group) and part.op == op else (part,))
    )
    return flat[0] if len(flat) == 1 else Group(op=op, parts=flat)


def _some(
    cases: Iterator[tuple[dict[str, str], ...]], refuse: Callable[[], InvalidInputError]
) -> Iterator[tuple[dict[str, str], ...]]:
    for count, case in enumerate(cases):
        if count >= MOST:
            raise refuse()
        yield case


def short(value: Expression) -> str:
    """An expression as text of at most 60 characters."""
    text = value if isinstance(value, str) else "(" + " ".join(map(short, value)) + ")"
    return text if len(text) <= 60 else text[:57] + "..."
