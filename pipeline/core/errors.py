"""The error tree: every message names the thing, the allowed values and the next step."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Literal


class TaskloomError(Exception):
    """Base of every error that Taskloom raises on purpose; the CLI prints it without a traceback."""


class UnknownNameError(TaskloomError, KeyError):
    """A name that no registry entry, preset, asset or predicate carries."""

    def __init__(self, kind: str, name: str, allowed: Iterable[str]) -> None:
        self.kind, self.name, self.allowed = kind, name, tuple(sorted(allowed))
        close = difflib.get_close_matches(name, self.allowed, n=1, cutoff=0.5)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        self.message = f"Unknown {kind} {name!r}.{hint} Allowed: {', '.join(self.allowed) or '(none)'}."
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, tuple[str, ...]]]:
        return type(self), (self.kind, self.name, self.allowed)


FormulaFault = Literal["syntax", "unknown_predicate", "unknown_object", "wrong_arity"]


class GoalSyntaxError(TaskloomError, ValueError):
    """A goal formula that cannot be read; the message carries the position and the nearest allowed word.

    ``kind`` says what is wrong with ``word``, the word of the formula at fault.
    """

    def __init__(self, message: str, kind: FormulaFault = "syntax", word: str = "") -> None:
        super().__init__(message, kind, word)
        self.message, self.kind, self.word = message, kind, word

    def __str__(self) -> str:
        return self.message


class InvalidInputError(TaskloomError, ValueError):
    """A file or value from outside that does not fit its schema."""


class AssetError(TaskloomError):
    """An asset whose files are missing, changed or broken."""


class SimulationError(TaskloomError):
    """A simulator that cannot be built or has diverged."""


class DivergedError(SimulationError):
    """A simulator whose numbers ran away: overlapping bodies, or a jump in the actions."""


class RenderingError(SimulationError):
    """No usable OpenGL context for off-screen rendering."""


class DatasetError(TaskloomError):
    """A dataset that cannot be read or written as asked."""


class DatasetLockedError(DatasetError):
    """A dataset that another process is writing."""


class TransferError(DatasetError):
    """A dataset that cannot be fetched from or sent to a URL: no access, a server that fails, damaged objects."""


class OutputError(TaskloomError, OSError):
    """An output folder that is not writable, is full, or holds another run."""


class WorkerDiedError(TaskloomError):
    """A simulator process that ended before its batch was done."""


class EngineHostError(TaskloomError):
    """An engine host that does not answer, or keeps ending while it works."""


class ModelError(TaskloomError):
    """A language model that cannot be asked: no key, no server, a rejected request, or a server that stays busy."""


class ModelRefusedError(ModelError):
    """A model that declined to answer; asking the same again does not help."""


class ModelTruncatedError(ModelError):
    """A reply that was cut off at the token limit."""


class ModelReplyError(ModelError):
    """A model whose reply still broke its schema after all repairs."""


class BudgetError(ModelError):
    """A call that could have taken a run past its budget, and was therefore not made."""
