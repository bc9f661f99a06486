"""Key mapping: what an exported array is made of, as text such as ``qpos+gripper`` or ``ee_pose[4,5,6,3]``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import InvalidInputError

_TERM = re.compile(r"^(?P<name>[A-Za-z_]\w*)(?:\[(?P<columns>[^\[\]]*)\])?$")
_SPAN = re.compile(r"^(-?\d+)?:(-?\d+)?$")
_COLUMN = re.compile(r"^-?\d+$")
_OUTSIDE_BRACKETS = re.compile(r",(?![^\[]*\])")
_GRAMMAR = (
    "write NAME=SOURCE, where a source is an array, columns of one (ee_pose[:3], ee_pose[4,5,6,3]) or a sum (a+b)"
)


@dataclass(frozen=True)
class Term:
    """One array of the dataset, or some columns of its flattened row in the given order."""

    name: str
    columns: slice | tuple[int, ...] | None = None

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """The columns of ``values`` (steps, ...), flattened to (steps, columns)."""
        if values.ndim > 2 and values.dtype.kind == "u":
            raise InvalidInputError(f"{self.name!r} holds images: it can be exported whole, not cut or joined.")
        flat = values.reshape(len(values), -1)
        if isinstance(self.columns, tuple):
            width = flat.shape[1]
            outside = [c for c in self.columns if not -width <= c < width]
            if outside:
                raise InvalidInputError(f"{self.name!r} has {width} columns, there is no {outside[0]}.")
            return flat[:, list(self.columns)]
        return flat if self.columns is None else flat[:, self.columns]


@dataclass(frozen=True)
class Source:
    """What an exported array is made of; several terms stand side by side in one row."""

    text: str
    terms: tuple[Term, ...]

    @staticmethod
    def parse(text: str) -> Source:
        """Read a source; raises :class:`InvalidInputError`."""
        return Source(text, tuple(_term(part.strip(), text) for part in text.split("+")))

    def of(self, read: Callable[[str], NDArray[Any]]) -> NDArray[Any]:
        """The array (steps, ...), its parts looked up with ``read``."""
        if len(self.terms) == 1 and self.terms[0].columns is None:
            return read(self.terms[0].name)
        parts = [term.of(read(term.name)) for term in self.terms]
        joined = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        if not joined.shape[1]:
            raise InvalidInputError(f"The source {self.text!r} has no columns.")
        return joined


def parse_keys(texts: Iterable[str]) -> dict[str, str]:
    """Sources by exported name, from ``name=source`` items, several in one text parted by commas.

    A name alone stands for itself. Raises :class:`InvalidInputError` for what cannot be read or is named twice.
    """
    keys: dict[str, str] = {}
    for item in (item.strip() for text in texts for item in _OUTSIDE_BRACKETS.split(text)):
        name, found, source = (part.strip() for part in item.partition("="))
        if not name or (found and not source):
            raise InvalidInputError(f"Cannot read the key {item!r}: {_GRAMMAR}.")
        if name in keys:
            raise InvalidInputError(f"The key {name!r} is mapped twice, to {keys[name]!r} and {source or name!r}.")
        keys[name] = Source.parse(source or name).text
    return keys


def _term(text: str, whole: str) -> Term:
    found = _TERM.match(text)
    if not found:
        raise InvalidInputError(f"Cannot read the source {whole!r} at {text!r}: {_GRAMMAR}.")
    columns = found["columns"]
    if columns is None:
        return Term(found["name"])
    span = _SPAN.match(columns.strip())
    if span:
        first, last = (None if bound is None else int(bound) for bound in span.groups())
        return Term(found["name"], slice(first, last))
    parts = [part.strip() for part in columns.split(",")]
    if not all(_COLUMN.match(part) for part in parts):
        raise InvalidInputError(f"Cannot read the columns {columns!r} of {whole!r}: {_GRAMMAR}.")
    return Term(found["name"], tuple(int(part) for part in parts))
