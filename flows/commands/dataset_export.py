"""``taskloom dataset export``: a dataset as the files that a trainer reads unmodified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pipeline.core.errors import InvalidInputError
from pipeline.dataset.exporting import EXPORTERS, ExportReport, export_dataset, export_request
from pipeline.dataset.reader import DatasetReader


def _list_formats(wanted: bool) -> None:
    if not wanted:
        return
    for name in EXPORTERS:
        exporter = EXPORTERS.get(name)
        typer.echo(f"{name}: {exporter.about}")
        for option, told in exporter.options.model_fields.items():
            typer.echo(f"    --set {option}={told.default}  {told.description}")
    raise typer.Exit


def export(
    dataset: Annotated[str, typer.Argument(help="Folder or URL of a dataset, e.g. runs/demo/dataset.zarr.")],
    out: Annotated[Path, typer.Argument(help="Where the export goes: a folder, or a file for robomimic.")],
    format: Annotated[str, typer.Option("--format", "-f", help=f"One of {', '.join(EXPORTERS)}.")],
    keys: Annotated[
        list[str] | None,
        typer.Option(
            help="Exported names and their sources instead of the format's own, e.g. img=rgb_front,state=qpos+gripper; "
            "columns as in quat=ee_pose[4,5,6,3]. May be repeated."
        ),
    ] = None,
    hz: Annotated[float | None, typer.Option(help="Lower control rate; the recorded one if left out.")] = None,
    action: Annotated[str, typer.Option(help="joint_pos, ee_delta, ee_pose or ee_pose_rotvec.")] = "joint_pos",
    split: Annotated[str, typer.Option(help="all, train or val.")] = "all",
    outcome: Annotated[str, typer.Option(help="success, failure or all.")] = "success",
    task: Annotated[list[str] | None, typer.Option(help="Only episodes of this task. May be repeated.")] = None,
    fill: Annotated[
        float | None, typer.Option(help="What stands in for objects that an episode has not; refused if left out.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="An option of the format, see --formats. May be repeated."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an earlier export of this format.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
    formats: Annotated[
        bool,
        typer.Option("--formats", is_eager=True, callback=_list_formats, help="List formats and their options, stop."),
    ] = False,
) -> None:
    """Write episodes in the format of a trainer, which then reads them as they are. Whole or not at all.

    Example: `taskloom dataset export runs/demo/dataset.zarr demo_lerobot --format lerobot --hz 10 --action ee_delta`
    """
    asked: dict[str, Any] = {"hz": hz, "action": action, "split": split, "outcome": outcome, "fill": fill}
    request = export_request(keys=keys or None, tasks=tuple(task or ()), **asked)
    options = dict(_setting(text) for text in settings or ())
    reader = DatasetReader(dataset)
    with _progress() as tell:
        report = export_dataset(
            reader, out, format=format, request=request, options=options, replace=replace, tell=tell
        )
    typer.echo(report.model_dump_json(indent=1) if as_json else _told(report))


def _setting(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not name:
        raise InvalidInputError(f"--set {text!r}: write NAME=VALUE; --formats lists what each format has.")
    return name.strip(), value.strip()


def _told(report: ExportReport) -> str:
    splits = ", ".join(f"{count} {name}" for name, count in report.splits.items())
    size = f"{report.bytes / 1e6:.1f} MB"
    lines = [
        f"{report.place}: {report.episodes} episodes ({splits}), {report.steps} steps at {report.hz:g} Hz, "
        f"actions {report.action}, {size} as {report.format}",
        *(f"    {name} = {source}" for name, source in report.keys.items()),
    ]
    return "\n".join(lines)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr."""
    columns = (SpinnerColumn(), TextColumn("exporting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task("exporting", total=None)
        yield lambda number, count: bars.update(bar, completed=number, total=count)
