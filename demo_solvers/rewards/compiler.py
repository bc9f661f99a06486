"""The compiler of rewards: checks names, kinds, units and ranges against a scene, and plans what to compute."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from demo_solvers.rewards import limits
from demo_solvers.rewards.fault import RewardError, shown
from demo_solvers.rewards.frames import rotate
from demo_solvers.rewards.functions import BONUS, CHANGE, FUNCTIONS, Misfit, same_unit
from demo_solvers.rewards.names import TOOL, WORLD, Names
from demo_solvers.rewards.now import Now, Scene
from demo_solvers.rewards.parser import Parsed
from demo_solvers.rewards.term import TERMS, Gives, Kind
from demo_solvers.rewards.tree import (
    Call,
    Expression,
    Formula,
    Name,
    Number,
    Operation,
    Unary,
    children,
)
from demo_solvers.rewards.truths import true_of
from demo_solvers.rewards.units import ONE, UNITS, times, unit_of, written
from demo_solvers.rewards.value import Plan, Value

if TYPE_CHECKING:
    from torch import Tensor

LONGEST = 2.0  # m; of a length that a term is told
ARTICLES: dict[Gives, str] = {
    "number": "a number",
    "condition": "a condition",
    "point": "a point",
    "direction": "a direction",
}


class Compiler:
    """Walks a tree once; afterwards ``plan``, ``lines``, ``terms`` and ``potentials`` say what to compute.

    Every fault is a :class:`RewardError` with its place. ``lets`` are the values of names so far.
    """

    def __init__(self, parsed: Parsed, scene: Scene) -> None:
        self.parsed, self.scene, self.names = parsed, scene, Names(scene.layout)
        self.plan = Plan()
        self.lets: dict[str, Value] = {}
        self.lines: dict[str, Value] = {}
        self.terms: dict[str, int] = {}
        self.potentials: list[int] = []
        self._changing = False

    def compile(self) -> None:
        """All lets and lines, in their order."""
        reward = self.parsed.reward
        for i, let in enumerate(reward.lets):
            place = self.parsed.place(let, f"lets[{i}]")
            if let.name in self.lets or self.names.reserved(let.name):
                raise RewardError(place, f"the name {shown(let.name)} is taken; choose another for this let")
            self.lets[let.name] = self._value(let.value, f"lets[{i}].value")
        for i, line in enumerate(reward.lines):
            place = self.parsed.place(line, f"lines[{i}]")
            if line.name in self.lines:
                raise RewardError(place, f"there are two lines called {shown(line.name)}")
            self.lines[line.name] = self._line(i, place)

    def _line(self, i: int, place: str) -> Value:
        line = self.parsed.reward.lines[i]
        value = self._wanted(line.value, f"lines[{i}].value", "number")
        if value.unit != ONE:
            raise RewardError(
                place, f"the line {line.name} is in {written(value.unit)}; divide it by a scale such as / 10 cm"
            )
        if max(abs(value.low), abs(value.high)) > limits.REWARD:
            raise RewardError(
                place,
                f"the line {line.name} may reach {value.low:g} to {value.high:g}; stay within {limits.REWARD:g}",
                ("clip(a, low, high)", "tanh(a)", "smaller weights"),
            )
        slot = self.plan.whole(value)
        if line.when is None:
            return Value("number", slot, ONE, value.low, value.high)
        gate = self._wanted(line.when, f"lines[{i}].when", "condition").slot
        gated = self.plan.add(
            ("when", slot, gate), lambda: lambda now: now[slot].where(now[gate], now[slot].new_zeros(()))
        )
        return Value("number", gated, ONE, min(value.low, 0.0), max(value.high, 0.0))

    def _wanted(self, node: Expression, path: str, gives: Gives) -> Value:
        """A value of one kind."""
        value = self._direct(node, path, gives) if gives in ("point", "direction") else self._value(node, path)
        if value.gives != gives:
            hint = "; write bonus(...) around it" if (gives, value.gives) == ("number", "condition") else ""
            place = self.parsed.place(node, path)
            raise RewardError(place, f"expected {ARTICLES[gives]}, found {ARTICLES[value.gives]}{hint}")
        return value

    def _value(self, node: Expression, path: str) -> Value:
        place = self.parsed.place(node, path)
        try:
            value = self._made(node, path, place)
        except Misfit as misfit:
            raise RewardError(place, str(misfit)) from None
        sizes = (abs(value.low), abs(value.high), abs(value.factor))
        if value.gives == "number" and not all(size <= limits.BOUND for size in sizes):  # nor is any of them nan
            raise RewardError(place, f"it may reach {value.low:g} to {value.high:g}; {limits.BOUND:g} is the most")
        return value

    def _made(self, node: Expression, path: str, place: str) -> Value:
        if isinstance(node, Number):
            return self._number(node, place)
        if isinstance(node, Name):
            return self._let(node, place)
        if isinstance(node, Formula):
            goal = self.names.formula(node.text, place)
            slot = self.plan.add(("formula", goal), lambda: lambda now: true_of(now, goal))
            self.terms.setdefault(node.text, slot)
            return Value("condition", slot)
        if isinstance(node, Call):
            return self._call(node, path, place)
        if isinstance(node, Unary):
            return self._unary(node, path)
        return self._operation(node, path, place)

    def _number(self, node: Number, place: str) -> Value:
        if node.unit and node.unit not in UNITS:
            raise RewardError(place, f"unknown unit {shown(node.unit)}", UNITS, node.unit)
        factor = UNITS[node.unit][0] if node.unit else 1.0
        return Value.constant(node.value * factor, unit_of(node.unit))

    def _let(self, node: Name, place: str) -> Value:
        if node.member is None and node.name in self.lets:
            return self.lets[node.name]
        if self.names.reserved(node.name):
            raise RewardError(place, f"{shown(str(node))} is a thing, not a value; put it into a term", TERMS)
        raise RewardError(place, f"there is no let called {shown(str(node))}", self.lets or ("(none yet)",), node.name)

    def _unary(self, node: Unary, path: str) -> Value:
        if node.op == "not":
            slot = self._wanted(node.part, f"{path}.part", "condition").slot
            return Value("condition", self.plan.add(("not", slot), lambda: lambda now: ~now[slot]))
        part = self._wanted(node.part, f"{path}.part", "number")
        return part.scaled(-1.0, part.unit)

    def _operation(self, node: Operation, path: str, place: str) -> Value:
        if node.op in ("and", "or"):
            return self._logical(node, path)
        parts = [self._wanted(part, f"{path}.parts[{i}]", "number") for i, part in enumerate(node.parts)]
        if node.op == "+":
            unit = same_unit(parts)
            low, high = sum(p.low for p in parts), sum(p.high for p in parts)
            if all(p.known for p in parts):
                return Value.constant(low, unit)
            return Value("number", self.plan.sum(parts), unit, low, high)
        if node.op == "*":
            return self._product(parts)
        if len(parts) != 2:
            raise RewardError(place, f"{node.op!r} stands between two parts, not {len(parts)}")
        return self._quotient(parts, place) if node.op == "/" else self._comparison(node.op, parts)

    def _logical(self, node: Operation, path: str) -> Value:
        slots = [self._wanted(p, f"{path}.parts[{i}]", "condition").slot for i, p in enumerate(node.parts)]
        joined = slots[0]
        for slot in slots[1:]:
            joined = self._both(joined, slot) if node.op == "and" else self._either(joined, slot)
        return Value("condition", joined)

    def _both(self, a: int, b: int) -> int:
        return self.plan.add(("and", a, b), lambda: lambda now: now[a] & now[b])

    def _either(self, a: int, b: int) -> int:
        return self.plan.add(("or", a, b), lambda: lambda now: now[a] | now[b])

    def _product(self, parts: list[Value]) -> Value:
        result = parts[0]
        for part in parts[1:]:
            unit = times(result.unit, part.unit)
            if result.known:
                result = (
                    part.scaled(result.low, unit) if not part.known else Value.constant(result.low * part.low, unit)
                )
            elif part.known:
                result = result.scaled(part.low, unit)
            else:
                result = self._multiplied(result, part)
        return result

    def _multiplied(self, a: Value, b: Value) -> Value:
        slot = self.plan.add(("*", a.slot, b.slot), lambda: lambda now: now[a.slot] * now[b.slot])
        low, high = a.product(b)
        return Value("number", slot, times(a.unit, b.unit), low, high, a.factor * b.factor)

    def _quotient(self, parts: list[Value], place: str) -> Value:
        above, below = parts
        if not below.known or abs(below.low) < limits.SMALLEST:
            raise RewardError(place, f"'/' takes a number of at least {limits.SMALLEST:g}, such as / 10 cm")
        return above.scaled(1.0 / below.low, times(above.unit, below.unit, -1))

    def _comparison(self, op: str, parts: list[Value]) -> Value:
        same_unit(parts)
        a, b = (self.plan.whole(part) for part in parts)
        compare = COMPARISONS[op]
        return Value("condition", self.plan.add((op, a, b), lambda: lambda now: compare(now[a], now[b])))

    def _call(self, node: Call, path: str, place: str) -> Value:
        if node.function in FUNCTIONS:
            function = FUNCTIONS[node.function]
            self._count(node, place, function.least, function.most, function.shape)
            values = [self._wanted(arg, f"{path}.args[{i}]", "number") for i, arg in enumerate(node.args)]
            return function.made(self.plan, values)
        if node.function == BONUS:
            self._count(node, place, 1, 1, "bonus(condition)")
            slot = self._wanted(node.args[0], f"{path}.args[0]", "condition").slot
            made = self.plan.add((BONUS, slot), lambda: lambda now: now[slot].to(now.state.width.dtype))
            return Value("number", made, ONE, 0.0, 1.0)
        if node.function == CHANGE:
            return self._change(node, path, place)
        if node.function not in TERMS:
            allowed = (*TERMS, *FUNCTIONS, BONUS, CHANGE)
            raise RewardError(place, f"unknown term {shown(node.function)}", allowed, node.function)
        return self._term(node, path, place)

    def _change(self, node: Call, path: str, place: str) -> Value:
        self._count(node, place, 1, 1, "change(a)")
        if self._changing:
            raise RewardError(place, "change cannot be inside change")
        self._changing = True
        value = self._wanted(node.args[0], f"{path}.args[0]", "number")
        self._changing = False
        if value.known:
            raise RewardError(place, "a number does not change")
        if value.slot not in self.potentials:
            self.potentials.append(value.slot)
        slot, index, width = value.slot, self.potentials.index(value.slot), value.high - value.low

        def gained(now: Now) -> Tensor:
            return now[slot] - (now[slot] if now.before is None else now.before[:, index])

        made = self.plan.add((CHANGE, slot), lambda: gained)
        return Value("number", made, value.unit, -width, width, value.factor)

    def _term(self, node: Call, path: str, place: str) -> Value:
        term = TERMS.get(node.function)
        signature = term.signature
        shape = f"{node.function}({', '.join(signature.args)})"
        self._count(node, place, len(signature.args), len(signature.args), shape)
        args = [
            self._argument(arg, f"{path}.args[{i}]", kind)
            for i, (arg, kind) in enumerate(zip(node.args, signature.args.values(), strict=True))
        ]
        slot = self.plan.add((node.function, *args), lambda: term(self.scene, *args))
        if signature.gives in ("number", "condition"):
            self.terms.setdefault(str(node), slot)
        if signature.gives != "number":
            return Value(signature.gives, slot)
        return Value("number", slot, unit_of(signature.unit), signature.low, signature.high)

    def _argument(self, node: Expression, path: str, kind: Kind) -> Any:
        """What a term is told: a slot, a name, a length or a goal."""
        place = self.parsed.place(node, path)
        if kind in ("point", "direction"):
            return self._wanted(node, path, "point" if kind == "point" else "direction").slot
        if kind == "formula":
            text = _formula(node)
            if text is None:
                raise RewardError(place, "expected a formula such as (on mug plate)")
            return self.names.formula(text, place)
        if kind == "length":
            value = self._wanted(node, path, "number")
            if not value.known or value.unit != unit_of("m") or abs(value.low) > LONGEST:
                raise RewardError(place, f"expected a length such as 5 cm, at most {LONGEST:g} m")
            return value.low
        return self.names.known(node, kind, place)

    def _direct(self, node: Expression, path: str, gives: Gives) -> Value:
        """A point or a direction: what a body's name stands for, or what a term or a let gives."""
        if not isinstance(node, Name) or (node.member is None and node.name in self.lets):
            return self._value(node, path)
        place = self.parsed.place(node, path)
        body, local = self.names.point(node, place) if gives == "point" else self.names.direction(node, place)
        return Value(gives, self._placed(gives, body, local))

    def _placed(self, gives: Gives, body: str, local: tuple[float, ...]) -> int:
        if body == WORLD:
            return self.plan.add((WORLD, local), lambda: lambda now: now.constant(local).expand(len(now.state), 3))
        if body != TOOL:
            column = self.scene.layout.body(body)
            return self.plan.point(column, local) if gives == "point" else self.plan.axis(column, local)
        if gives == "point":
            return self.plan.add((TOOL,), lambda: lambda now: now.state.tool[:, :3])
        return self.plan.add((TOOL, local), lambda: lambda now: rotate(now.state.tool[:, 3:], now.constant(local)))

    def _count(self, node: Call, place: str, least: int, most: int, shape: str) -> None:
        if not least <= len(node.args) <= most:
            raise RewardError(place, f"{shape} cannot take {len(node.args)} argument(s)")


def _formula(node: Expression) -> str | None:
    """Formulas joined by the language's own and, or, not as one formula; None for anything else."""
    if isinstance(node, Formula):
        return node.text
    joined = [_formula(part) for part in children(node)] if isinstance(node, Unary | Operation) else []
    op = node.op if isinstance(node, Unary | Operation) else ""
    if op not in ("and", "or", "not") or None in joined:
        return None
    return f"({op} {' '.join(part for part in joined if part)})"


COMPARISONS: Mapping[str, Any] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
