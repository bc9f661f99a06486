"""The tables of the page of the image-based solver, written from the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks._attempts import rate_in_words
from benchmarks._published import METHODS, ROWS
from benchmarks._sections import markdown_table, replace_section
from flows.task_set import TaskSet

Cell = dict[str, Any]
Cells = dict[str, dict[str, Cell]]  # solver or variant, then task

SOLVERS = {"path3d": "path3d, from images", "path3d_labelled": "with simulator segmentation"}
PUBLISHED = (
    "Published: from images in RLBench, mean of three seeds (see `docs/rlbench14.md`); neither the same worlds nor the "
    "same cameras, so the columns show what is hard, not who is better. Ours also has more to go on than they have: "
    "exact depth from four cameras, meshes of what is asked for, and for the box a drawing of its hinge."
)


def write_page(path: Path, tasks: TaskSet, results: dict[str, Cells]) -> None:
    """Replace the tables of the page."""
    labels = [entry.label for entry in tasks.entries]
    replace_section(path, "tasks", _tasks(results["tasks"], labels))
    whole = results["tasks"].get("path3d", {})
    replace_section(path, "ablations", _variants(results.get("ablations", {}), whole, labels))
    replace_section(path, "noise", _variants(results.get("noise", {}), whole, labels))


def _tasks(found: Cells, labels: list[str]) -> Iterator[str]:
    names = [n for n in SOLVERS if n in found]
    rows = []
    for label in labels:
        published = ("-" if v is None else f"{v:.2f}" for v in ROWS[label])
        rows.append((label, *(rate_in_words(found[n].get(label)) for n in names), *published))
    yield from markdown_table(("task", *(SOLVERS[n] for n in names), *METHODS), rows)
    yield ""
    yield " ".join(_mean(SOLVERS[n], found[n], labels) for n in names)
    yield (
        "Success in percent, in round brackets the attempts, in square ones the 95% Wilson interval. Failures: "
        + "; ".join(f"{SOLVERS[n]}: {_causes(found[n])}" for n in names)
        + f". {_how(found)} {PUBLISHED}"
    )
    yield ""
    yield _seconds(found[names[0]])


def _mean(name: str, cells: dict[str, Cell], labels: list[str]) -> str:
    rates = [cells[label]["rate"] for label in labels if label in cells and cells[label]["rate"] is not None]
    first = sum(c["first_try"] for c in cells.values()) / max(sum(c["attempts"] for c in cells.values()), 1)
    return (
        f"**{name}: {100 * sum(rates) / max(len(rates), 1):.1f}% on average over {len(rates)} tasks**, "
        f"{100 * first:.0f}% without a second try."
    )


def _causes(cells: dict[str, Cell]) -> str:
    failed = sum((Counter(c["failures"]) for c in cells.values()), Counter[str]())
    return ", ".join(f"{n} {cause}" for cause, n in failed.most_common()) or "none"


def _how(found: Cells) -> str:
    cells = [c for variant in found.values() for c in variant.values()]
    told = [", ".join(sorted({str(c[k]) for c in cells})) for k in ("robot", "backend", "seed", "commit")]
    return f"{told[0].capitalize()} in {told[1]}, seed {told[2]}, commit {told[3]}."


def _seconds(cells: dict[str, Cell]) -> str:
    wall, processor = ([c[k] for c in cells.values()] for k in ("wall", "processor"))
    return (
        "From the reset to the first motion (rendering, perception, planning), seconds a scene, mean of each task: "
        f"{min(wall):.1f} to {max(wall):.1f} of the wall, {min(processor):.1f} to {max(processor):.1f} of the "
        "processor, on a machine of two cores that did other work as well."
    )


def _variants(found: Cells, whole: dict[str, Cell], labels: list[str]) -> Iterator[str]:
    chosen = [label for label in labels if any(label in cells for cells in found.values())]
    if not chosen:
        yield "Not measured."
        return
    columns = {"as it is": whole, **found}
    rows = []
    for name, cells in columns.items():
        mine = [cells.get(label) for label in chosen]
        rates = [c["rate"] for c in mine if c is not None and c["rate"] is not None]
        mean = f"{100 * sum(rates) / len(rates):.0f}" if len(rates) == len(chosen) else "-"
        rows.append(
            (name, *(rate_in_words(c) for c in mine), mean, _causes({str(i): c for i, c in enumerate(mine) if c}))
        )
    yield from markdown_table(("", *chosen, "mean", "failures"), rows)
    yield ""
    yield f"{_how(found)} The first row is the first column of the table of all tasks."
