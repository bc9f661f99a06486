"""The page of solve rates, written from the results below what stands on it by hand."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks._cells import percent
from pipeline.core.files import write_atomically

MARK = "<!-- Above this line: by hand. Below: written by `python -m benchmarks.solve_rate`; do not edit. -->"
TITLE = "# How often the solver solves"
WIDTH = 120  # characters a line of text
MEANING = (
    "A cell is one family on one robot: tasks of the procedural author that pass the static gate, in worlds that pass "
    "the dynamic one; those it dropped were not tried. An attempt counts when the goal held for the last 0.5 s and "
    "nothing was touched hard, no limit broken, no body jumped. Intervals are Wilson's, 95 %. Failures are by the "
    "cause that the solver or the judge gave. Few tasks a cell say little about a family: the interval is that of "
    "these tasks' worlds."
)

Results = dict[str, Any]


def write_page(path: Path, results: Results) -> None:
    """Write the page as Markdown; what an existing page has above :data:`MARK` stays."""
    before, found, _ = path.read_text().partition(MARK) if path.exists() else ("", "", "")
    head = before.strip() if found else TITLE
    write_atomically(path, "\n".join([head, "", MARK, "", *_body(results["cells"])]) + "\n")


def _body(cells: dict[str, Results]) -> Iterator[str]:
    yield textwrap.fill(MEANING, WIDTH)
    yield ""
    yield "| robot | family | tasks | dropped | solved | rate | 95 % | target | failures |"
    yield "|---|---|--:|--:|--:|--:|---|--:|---|"
    yield from (_row(*where.split(" "), cell) for where, cell in cells.items())
    yield ""
    yield "Measured with:"
    yield ""
    yield from _commands(cells)
    yield ""
    yield "Tasks, worlds and diagnoses of every attempt are in `benchmarks/results/solve_rate.json`."


def _row(robot: str, family: str, cell: Results) -> str:
    low, high = cell["wilson_95"]
    rate, target = ("-" if cell[key] is None else percent(cell[key]) for key in ("rate", "target"))
    failures = ", ".join(f"{n} {cause}" for cause, n in cell["failures"].items()) or "-"
    solved, dropped = f"{cell['solved']} of {cell['attempts']}", f"{cell['dropped']} of {cell['built']}"
    interval = f"{low:.0%} to {high:.0%}"
    columns = (robot, family, str(cell["tasks"]), dropped, solved, rate, interval, target, failures)
    return f"| {' | '.join(columns)} |"


def _commands(cells: dict[str, Results]) -> Iterator[str]:
    """One item for each state of the sources and day: the options, and which cells they gave."""
    groups: dict[tuple[str, str], dict[str, list[str]]] = {}
    for where, cell in cells.items():
        robot, family = where.split(" ")
        how = cell["how"]
        key = (_options(how), f"sources at {how['source_state']}, {how['date'][:10]}")
        groups.setdefault(key, {}).setdefault(robot, []).append(family)
    for (options, sources), robots in groups.items():
        for families in {tuple(found): None for found in robots.values()}:
            names = " ".join(robot for robot, found in robots.items() if tuple(found) == families)
            asked = f"--robots {names} --families {' '.join(families)}"
            yield f"- `python -m benchmarks.solve_rate {asked} {options}`, {sources}"


def _options(how: Results) -> str:
    named = ("backend", "solver", "randomise", "rounds", "worlds", "tasks_per_family", "attempts", "seed")
    return " ".join(f"--{name.replace('_', '-')} {how[name]}" for name in named)
