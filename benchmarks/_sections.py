"""Parts of pages that benchmarks write: what stands between two comments is replaced, the rest is left alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.core.errors import InvalidInputError
from pipeline.core.files import write_atomically


def replace_section(path: Path, name: str, lines: Iterable[str]) -> None:
    """Put ``lines`` of Markdown between ``<!-- NAME: ... -->`` and ``<!-- end of NAME -->`` of the page ``path``."""
    text = path.read_text()
    head, found, rest = text.partition(f"<!-- {name}:")
    comment, closed, rest = rest.partition("-->\n")
    _, ended, tail = rest.partition(f"<!-- end of {name} -->")
    if not (found and closed and ended):
        raise InvalidInputError(
            f"{path.name} has no place for {name!r}; put '<!-- {name}: ... -->' and '<!-- end of {name} -->' into it, "
            "each on a line of its own."
        )
    body = "\n".join(lines)
    write_atomically(path, f"{head}{found}{comment}{closed}\n{body}\n\n{ended}{tail}")


def markdown_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines of a table: the first column to the left, the others to the right."""
    lines = [f"| {' | '.join(headers)} |", f"|---|{'--:|' * (len(headers) - 1)}"]
    return [*lines, *(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)]
