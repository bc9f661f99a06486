"""``taskloom doctor``: what this machine can do, and how to mend what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from flows.machine import Finding, examine

MARKS = {"ok": "[green]ok", "missing": "[red]missing", "note": "[yellow]note"}


def doctor(
    out: Annotated[Path, typer.Option(help="Where output would go.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Examine processors, graphics, packages and disk. Exit code 0 when nothing needed is missing.

    Example: `taskloom doctor`
    """
    findings = examine(out)
    well = all(f.status != "missing" for f in findings)
    if as_json:
        typer.echo(json.dumps({"well": well, "findings": [f.model_dump() for f in findings]}, indent=1))
    else:
        Console().print(_table(findings))
    if not well:
        raise typer.Exit(1)


def _table(findings: tuple[Finding, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("", "what", "found", "to mend"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        table.add_row(MARKS[finding.status], finding.name, finding.found, finding.remedy)
    return table
