"""Tokens of a reward's text, with the line and the column of each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from demo_solvers.rewards import limits
from demo_solvers.rewards.fault import RewardError, shown

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<comment>#[^\n]*)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_][A-Za-z0-9_]*)*)"
    r'|(?P<quoted>"[^"\n]*")|(?P<sign><=|>=|[-+*/(),.:=<>])'
)
END = "end of the text"
SIGNS = "names, numbers, quoted names, # comments and + - * / < <= > >= ( ) , . : ="


@dataclass(frozen=True)
class Token:
    """One word: ``kind`` is number, name, quoted, sign or end; ``at`` its offset in the text."""

    kind: str
    text: str
    at: int
    line: int
    column: int

    @property
    def place(self) -> str:
        """For messages."""
        return f"line {self.line}, column {self.column}"


def tokens(text: str) -> list[Token]:
    """All tokens and the end; raises :class:`RewardError` for what is none, and for too long a text."""
    if len(text) > limits.TEXT:
        raise RewardError("line 1, column 1", f"the text has {len(text)} characters; write at most {limits.TEXT}", ())
    found, at, line, start = list[Token](), 0, 1, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        place = f"line {line}, column {at - start + 1}"
        if match is None:
            raise RewardError(place, f"{shown(text[at])} is no part of the language", [SIGNS])
        kind, word = str(match.lastgroup), match.group()
        if kind == "space":
            line += word.count("\n")
            start = at + word.rindex("\n") + 1 if "\n" in word else start
        elif kind != "comment":
            _check_length(word, place)
            found.append(Token(kind, word, at, line, at - start + 1))
            if len(found) > limits.TOKENS:
                raise RewardError(place, f"the text has more than {limits.TOKENS} words", ())
        at = match.end()
    return [*found, Token("end", END, at, line, at - start + 1)]


def _check_length(word: str, place: str) -> None:
    if len(word) > limits.NAME:
        raise RewardError(place, f"{shown(word)} is longer than {limits.NAME} characters", ())
