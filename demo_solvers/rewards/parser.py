"""Reading a reward's text into its tree. Nothing of a text is ever run; what cannot be read is refused with its place.

    reward     := (let NAME = expression | NAME : expression [when expression])*
    expression := operands joined by, from loose to tight: or, and, not, < <= > >=, + -, * /, - ; ( ) group
    operand    := number [unit] | NAME[.NAME] | NAME(expression, ...) | (predicate NAME ...)

A line ends where the next one's ``NAME :`` or ``let`` begins, so line breaks are free. ``/`` takes a plain number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from demo_solvers.rewards import limits
from demo_solvers.rewards.fault import RewardError, shown
from demo_solvers.rewards.lexer import Token, tokens
from demo_solvers.rewards.tree import (
    KEYWORDS,
    Call,
    Expression,
    Formula,
    Let,
    Line,
    Name,
    Number,
    Operation,
    Operator,
    Reward,
    Unary,
)
from demo_solvers.rewards.units import UNITS
from pipeline.core.errors import GoalSyntaxError
from pipeline.core.geometry import Frozen
from pipeline.holds import parse as parse_formula

COMPARISONS: tuple[Operator, ...] = ("<", "<=", ">", ">=")
NEXT = ("an operator", "when <condition>", "a new line 'name: expression'", "let name = expression")
OPERANDS = ("a number with a unit", "a name", "term(...)", "(expression)", "(predicate object ...)")
PATH_SHOWN = 200  # characters of a path
FORMULA_SHOWN = 400  # characters of what is said about a formula
Node = TypeVar("Node", bound=Frozen)


@dataclass(frozen=True)
class Parsed:
    """A tree, and where in its text each of its nodes began; of a tree that was no text, nothing."""

    reward: Reward
    places: dict[int, str] = field(default_factory=dict)  # by id of the node

    def place(self, node: object, path: str) -> str:
        """For messages: line and column, or else the path."""
        return self.places.get(id(node), path)


def parse(text: str) -> Parsed:
    """The tree of a text; raises :class:`RewardError` with line and column. Names are for the scene to check."""
    return _Parser(text).reward()


def read(json: str | bytes) -> Parsed:
    """The tree of JSON as ``Reward.model_dump_json`` writes it; raises :class:`RewardError` with the path."""
    if len(json) > 20 * limits.TEXT:
        raise RewardError("reply", f"{len(json)} characters are too long; write at most {20 * limits.TEXT}")
    try:
        return Parsed(Reward.model_validate_json(json))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        path = ".".join(
            str(part) if re.fullmatch(r"\w{1,40}", str(part), re.ASCII) else shown(str(part)) for part in first["loc"]
        )
        raise RewardError(path[:PATH_SHOWN] or "reply", str(first["msg"])) from None
    except (RecursionError, UnicodeError):
        raise RewardError("reply", "it is nested too deeply or no Unicode text") from None


class _Parser:
    """Recursive descent over tokens; ``depth`` bounds the recursion, ``nodes`` the tree."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens = text, tokens(text)
        self.index = self.depth = self.nodes = 0
        self.places: dict[int, str] = {}

    @property
    def now(self) -> Token:
        return self.tokens[self.index]

    @property
    def following(self) -> Token:
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)]

    def reward(self) -> Parsed:
        lets, lines = list[Let](), list[Line]()
        while self.now.kind != "end":
            if len(lets) >= limits.LINES or len(lines) >= limits.LINES:
                raise self.fault(f"there are more than {limits.LINES} lines")
            if self.is_word("let"):
                lets.append(self.let())
            else:
                lines.append(self.line())
        if not lines:
            raise self.fault("there is no line; write one such as 'reach: -distance(tool, box) / 10 cm'")
        return Parsed(Reward(lets=tuple(lets), lines=tuple(lines)), self.places)

    def let(self) -> Let:
        first = self.take()
        name = self.new_name("a let")
        self.expect("=", f"after 'let {name}'")
        return self.noted(Let(name=name, value=self.expression()), first)

    def line(self) -> Line:
        first = self.now
        name = self.new_name("a line")
        self.expect(":", f"after the line's name {name!r}")
        value, when = self.expression(), None
        if self.is_word("when"):
            self.take()
            when = self.expression()
        if self.now.kind != "end" and not self.is_word("let") and not self.at_line():
            raise self.fault(f"{shown(self.now.text)} does not go on with the line {name!r}", NEXT)
        return self.noted(Line(name=name, value=value, when=when), first)

    def expression(self) -> Expression:
        self.depth += 1
        if self.depth > limits.DEPTH:
            raise self.fault(f"it is nested deeper than {limits.DEPTH}; name parts of it with let")
        value = self.joined("or", lambda: self.joined("and", self.negation))
        self.depth -= 1
        return value

    def joined(self, word: Operator, part: Callable[[], Expression]) -> Expression:
        first, parts = self.now, [part()]
        while self.is_word(word):
            self.take()
            parts.append(part())
        return self.operation(word, parts, first)

    def negation(self) -> Expression:
        if not self.is_word("not"):
            return self.comparison()
        first = self.take()
        self.depth += 1
        if self.depth > limits.DEPTH:
            raise self.fault(f"it is nested deeper than {limits.DEPTH}")
        part = self.negation()
        self.depth -= 1
        return self.noted(Unary(op="not", part=part), first)

    def comparison(self) -> Expression:
        first, left = self.now, self.sum()
        op: Operator | None = next((op for op in COMPARISONS if self.is_sign(op)), None)
        if op is None:
            return left
        self.take()
        return self.operation(op, [left, self.sum()], first)

    def sum(self) -> Expression:
        first, parts = self.now, [self.product()]
        while self.is_sign("+") or self.is_sign("-"):
            sign = self.take()
            part = self.product()
            parts.append(part if sign.text == "+" else self.noted(Unary(op="-", part=part), sign))
        return self.operation("+", parts, first)

    def product(self) -> Expression:
        first, parts = self.now, [self.factor()]
        while self.is_sign("*") or self.is_sign("/"):
            if self.take().text == "*":
                parts.append(self.factor())
            else:
                if self.now.kind != "number":
                    raise self.fault("'/' takes a number, such as / 10 cm; multiply by other things")
                parts = [self.operation("/", [self.operation("*", parts, first), self.number()], first)]
        return self.operation("*", parts, first)

    def factor(self) -> Expression:
        if not self.is_sign("-"):
            return self.operand()
        first = self.take()
        self.depth += 1
        if self.depth > limits.DEPTH:
            raise self.fault(f"it is nested deeper than {limits.DEPTH}")
        part = self.factor()
        self.depth -= 1
        return self.noted(Unary(op="-", part=part), first)

    def operand(self) -> Expression:
        token = self.now
        if token.kind == "number":
            return self.number()
        if self.is_sign("("):
            return self.formula() if self.at_formula() else self.group()
        if token.kind == "quoted" or (token.kind == "name" and token.text not in KEYWORDS):
            return self.named()
        raise self.fault(f"expected an operand, found {shown(token.text)}", OPERANDS)

    def group(self) -> Expression:
        self.take()
        value = self.expression()
        self.expect(")", "after the parenthesis")
        return value

    def number(self) -> Expression:
        first = self.take()
        unit, word = "", self.now
        if word.kind == "name" and word.text not in KEYWORDS and self.following.text != ":":
            if word.text not in UNITS:
                raise self.fault(f"unknown unit {shown(word.text)}", UNITS, word.text)
            unit = self.take().text
        value = float(first.text)
        if value > limits.NUMBER:
            raise RewardError(first.place, f"the number {shown(first.text)} is larger than {limits.NUMBER:g}")
        return self.noted(Number(value=value, unit=unit), first)

    def named(self) -> Expression:
        first = self.take()
        word = first.text.strip('"')
        if not word:
            raise RewardError(first.place, "the name is empty")
        if self.is_sign("(") and first.kind == "name":
            if "/" in word:
                raise RewardError(first.place, f"{shown(word)} is no term's name")
            return self.noted(Call(function=word, args=self.arguments()), first)
        member = None
        if self.is_sign("."):
            self.take()
            if self.now.kind not in ("name", "quoted") or not self.now.text.strip('"'):
                raise self.fault(f"expected a keypoint or an axis after '.', found {shown(self.now.text)}")
            member = self.take().text.strip('"')
        return self.noted(Name(name=word, member=member), first)

    def arguments(self) -> tuple[Expression, ...]:
        self.take()
        found = list[Expression]()
        while not self.is_sign(")"):
            if found:
                self.expect(",", "between arguments")
            if len(found) >= limits.PARTS:
                raise self.fault(f"there are more than {limits.PARTS} arguments")
            found.append(self.expression())
        self.take()
        return tuple(found)

    def at_formula(self) -> bool:
        """Whether ``(`` opens a formula: two words follow each other, or ``and`` / ``or`` comes first."""
        one, two = self.following, self.tokens[min(self.index + 2, len(self.tokens) - 1)]
        head = one.kind == "name" and one.text not in ("not", "let", "when")
        return head and (one.text in ("and", "or") or (two.kind in ("name", "quoted") and two.text not in KEYWORDS))

    def formula(self) -> Expression:
        first, depth = self.now, 0
        while True:
            depth += self.is_sign("(") - self.is_sign(")")
            if self.now.kind == "end":
                raise RewardError(first.place, "the formula's ')' is missing")
            if depth > limits.DEPTH:
                raise self.fault(f"the formula is nested deeper than {limits.DEPTH}")
            last = self.take()
            if depth == 0:
                break
        try:
            goal = parse_formula(self.text[first.at : last.at + 1])
        except GoalSyntaxError as error:
            raise RewardError(first.place, str(error)[:FORMULA_SHOWN].rstrip(".")) from None
        return self.noted(Formula(text=str(goal)), first)

    def operation(self, op: Operator, parts: list[Expression], first: Token) -> Expression:
        if len(parts) == 1:
            return parts[0]
        if len(parts) > limits.PARTS:
            raise RewardError(first.place, f"{op!r} joins more than {limits.PARTS} parts; name some with let")
        return self.noted(Operation(op=op, parts=tuple(parts)), first)

    def noted(self, node: Node, first: Token) -> Node:
        self.nodes += 1
        if self.nodes > limits.NODES:
            raise RewardError(first.place, f"the reward has more than {limits.NODES} parts")
        self.places[id(node)] = first.place
        return node

    def new_name(self, of: str) -> str:
        token = self.now
        if token.kind != "name" or "/" in token.text or token.text in KEYWORDS:
            raise self.fault(f"expected the name of {of}, found {shown(token.text)}", ("letters, digits and _",))
        return self.take().text

    def at_line(self) -> bool:
        return self.now.kind == "name" and self.following.text == ":"

    def is_word(self, word: str) -> bool:
        return self.now.kind == "name" and self.now.text == word

    def is_sign(self, sign: str) -> bool:
        return self.now.kind == "sign" and self.now.text == sign

    def expect(self, sign: str, where: str) -> None:
        if not self.is_sign(sign):
            raise self.fault(f"expected {sign!r} {where}, found {shown(self.now.text)}")
        self.take()

    def take(self) -> Token:
        token = self.now
        self.index += token.kind != "end"
        return token

    def fault(self, what: str, allowed: Iterable[str] = (), word: str = "") -> RewardError:
        return RewardError(self.now.place, what, allowed, word)
