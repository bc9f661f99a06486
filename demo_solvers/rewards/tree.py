"""Reward: named lines of an expression over terms, as a frozen tree; ``str`` writes the text that ``parse`` reads.

let spot = far_side(box, zone, 6 cm)
reach: 1 - tanh(distance(tool, spot) / 10 cm)
progress: 20 * change(-planar_distance(box, zone) / 15 cm) when contact(hand, box)
goal: 10 * bonus((within box zone))
smooth: -0.01 * action_change()
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from demo_solvers.rewards import limits
from pipeline.core.geometry import Frozen

Word = Annotated[str, Field(min_length=1, max_length=limits.NAME, pattern=r'^[^"\n]*$')]
Plain = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=limits.NAME)]
Operator = Literal["+", "*", "/", "<", "<=", ">", ">=", "and", "or"]
RANK: dict[str, int] = {"or": 1, "and": 2, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "*": 6, "/": 6}
"""How tightly operators bind; ``not`` is 3, ``-`` before something 7."""
NOT, MINUS, TIGHT = 3, 7, 9
KEYWORDS = ("let", "when", "and", "or", "not")


class Number(Frozen):
    """A number as written, and its unit."""

    kind: Literal["number"] = "number"
    value: float = Field(ge=0, le=limits.NUMBER, allow_inf_nan=False)
    unit: Annotated[str, Field(max_length=8)] = ""

    def __str__(self) -> str:
        return f"{self.value!r} {self.unit}".rstrip() if self.value % 1 else f"{self.value:.0f} {self.unit}".rstrip()


class Name(Frozen):
    """A body, ``tool``, ``world`` or a let; ``member`` is a keypoint or an axis of it."""

    kind: Literal["name"] = "name"
    name: Word
    member: Word | None = None

    def __str__(self) -> str:
        return _word(self.name) + ("" if self.member is None else f".{_word(self.member)}")


class Call(Frozen):
    """A term or a function with its arguments."""

    kind: Literal["call"] = "call"
    function: Plain
    args: tuple[Expression, ...] = Field(default=(), max_length=limits.PARTS)

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.args))})"


class Unary(Frozen):
    """``-`` or ``not``."""

    kind: Literal["unary"] = "unary"
    op: Literal["-", "not"]
    part: Expression

    def __str__(self) -> str:
        if self.op == "-":
            return f"-{_inside(self.part, MINUS)}"
        return f"not {_inside(self.part, NOT)}"


class Operation(Frozen):
    """A sum (a difference has a ``-`` part), a product, a quotient, a comparison, ``and`` or ``or``."""

    kind: Literal["operation"] = "operation"
    op: Operator
    parts: tuple[Expression, ...] = Field(min_length=2, max_length=limits.PARTS)

    def __str__(self) -> str:
        rank = RANK[self.op]
        first = self.parts[0]
        same = isinstance(first, Operation) and first.op == self.op and self.op != "/"
        text = _inside(first, rank + (same or rank == RANK["<"]))
        for part in self.parts[1:]:
            if self.op == "+" and isinstance(part, Unary) and part.op == "-":
                text += f" - {_inside(part.part, rank + 1)}"
            else:
                text += f" {self.op} {_inside(part, rank + 1)}"
        return text


class Formula(Frozen):
    """A goal formula, such as ``(within box zone)``."""

    kind: Literal["formula"] = "formula"
    text: Annotated[str, Field(max_length=limits.TEXT)]

    def __str__(self) -> str:
        return self.text


Expression = Annotated[Number | Name | Call | Unary | Operation | Formula, Field(discriminator="kind")]


class Let(Frozen):
    """A name for an expression that later ones may use."""

    name: Plain
    value: Expression

    def __str__(self) -> str:
        return f"let {self.name} = {self.value}"


class Line(Frozen):
    """One summand of the reward; where its condition is false it is 0."""

    name: Plain
    value: Expression
    when: Expression | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.value}" + ("" if self.when is None else f" when {self.when}")


class Reward(Frozen):
    """The sum of lines."""

    lets: tuple[Let, ...] = Field(default=(), max_length=limits.LINES)
    lines: tuple[Line, ...] = Field(min_length=1, max_length=limits.LINES)

    def __str__(self) -> str:
        return "\n".join(map(str, (*self.lets, *self.lines)))


def children(node: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside one."""
    if isinstance(node, Call):
        return node.args
    if isinstance(node, Operation):
        return node.parts
    return (node.part,) if isinstance(node, Unary) else ()


def roots(reward: Reward) -> Iterator[tuple[str, Expression]]:
    """Every outermost expression with its path."""
    for i, let in enumerate(reward.lets):
        yield f"lets[{i}].value", let.value
    for i, line in enumerate(reward.lines):
        yield f"lines[{i}].value", line.value
        if line.when is not None:
            yield f"lines[{i}].when", line.when


def _word(name: str) -> str:
    plain = name not in KEYWORDS and all(part.isidentifier() and part.isascii() for part in name.split("/"))
    return name if plain else f'"{name}"'


def _inside(part: Expression, rank: int) -> str:
    """A part in text, in parentheses where it would otherwise be read differently."""
    own = TIGHT
    if isinstance(part, Operation):
        own = RANK[part.op]
    elif isinstance(part, Unary):
        own = MINUS if part.op == "-" else NOT
    return str(part) if own >= rank else f"({part})"


for _model in (Call, Unary, Operation, Let, Line, Reward):
    _model.model_rebuild()
