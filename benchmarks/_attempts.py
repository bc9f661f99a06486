"""Attempts as benchmarks keep them, how often they succeeded, and how that is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from benchmarks._cells import Cell
from pipeline.core.episode import Outcome
from pipeline.core.intervals import wilson


def attempts_of(rows: Sequence[int], outcomes: Sequence[Outcome]) -> list[Cell]:
    """One a world: which it was, whether it was solved, how often something was tried again, and else why not."""
    return [
        {"row": row, "solved": o.success, "retries": o.recoveries, **({} if o.success else o.diagnosis.model_dump())}
        for row, o in zip(rows, outcomes, strict=True)
    ]


def rates(attempts: Sequence[Cell]) -> Cell:
    """How many were solved, the rate (None of none) with its 95% interval, and the causes of the others."""
    solved = sum(bool(a["solved"]) for a in attempts)
    return {
        "attempts": len(attempts),
        "solved": solved,
        "rate": solved / len(attempts) if attempts else None,
        "wilson_95": wilson(solved, len(attempts)),
        "failures": dict(Counter(a["cause"] for a in attempts if not a["solved"]).most_common()),
    }


def rate_in_words(cell: Cell | None, *, digits: int = 0) -> str:
    """As ``94 (30/32) [80, 98]``, in percent."""
    if cell is None or cell["rate"] is None:
        return "not measured"
    low, high = cell["wilson_95"]
    return f"{100 * cell['rate']:.{digits}f} ({cell['solved']}/{cell['attempts']}) [{100 * low:.0f}, {100 * high:.0f}]"
