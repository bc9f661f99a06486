"""Fitting: sections of a card in the order they are read, dropped by rank until the whole is small enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LIMIT = 30_000  # bytes of a card, its pictures included
NOTE = 200  # bytes kept for the line that says what was left out


@dataclass(frozen=True)
class Section:
    """A piece of a card. Rank 0 is never dropped; of the others the highest rank goes first."""

    name: str
    markdown: str
    rank: int = 0

    @property
    def size(self) -> int:
        """Bytes, with the blank line after it."""
        return len(self.markdown.encode()) + 2


def fit(sections: Sequence[Section], *, limit: int = LIMIT) -> str:
    """The sections that fit, as one text that says what it left out.

    Of equal ranks the later one goes first. A section that is too large does not take smaller ones of a higher rank
    with it: every section that still has room is kept, the lowest ranks first.
    """
    order = sorted((s for s in sections if s.markdown), key=lambda s: s.rank)
    room, kept = limit - NOTE, list[Section]()
    for section in order:
        if section.rank == 0 or section.size <= room:
            kept.append(section)
            room -= section.size
    lost = dict.fromkeys(s.name for s in sections if s.markdown and s not in kept)
    texts = [s.markdown for s in sections if s in kept]
    if lost:
        texts.append(f"*Left out for size: {', '.join(lost)}. The gallery has it.*")
    return "\n\n".join(texts)
