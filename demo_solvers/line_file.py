"""Files of JSON lines, one frozen value a line, that runs read, and add to beside each other."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from pipeline.core.errors import InvalidInputError, OutputError
from pipeline.core.files import write_atomically
from pipeline.core.geometry import Frozen

L = TypeVar("L", bound=Frozen)


def read_lines(path: Path, kind: type[L], *, called: str) -> list[L]:
    """All lines of a file; raises :class:`InvalidInputError` for one that is not there or not sound."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"Cannot read the {called} {str(path)!r}: {error}.") from error
    lines = list[L]()
    for number, line in enumerate(text.splitlines(), 1):
        try:
            lines.append(kind.model_validate_json(line))
        except ValidationError as error:
            why = error.errors()[0]["msg"]
            raise InvalidInputError(
                f"{called.capitalize()} {str(path)!r}, line {number}: {why}. Remove the line, or give another file."
            ) from None
    return lines


def write_lines(path: Path, lines: Sequence[Frozen], *, called: str) -> None:
    """Replace a file as a whole; raises :class:`OutputError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, _text(lines), mode=0o600)
    except OSError as error:
        raise OutputError(f"Cannot write the {called} {str(path)!r}: {error.strerror or error}.") from error


def lines_digest(lines: Sequence[Frozen]) -> str:
    """Short content address; empty for no lines."""
    return hashlib.sha256(_text(lines).encode()).hexdigest()[:16] if lines else ""


@contextmanager
def alone_with(path: Path, *, called: str) -> Iterator[None]:
    """Nobody else who asks for this is at the file meanwhile; raises :class:`OutputError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(f".{path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"Cannot write the {called} {str(path)!r}: {error.strerror or error}.") from error


def _text(lines: Sequence[Frozen]) -> str:
    return "".join(line.model_dump_json() + "\n" for line in lines)
