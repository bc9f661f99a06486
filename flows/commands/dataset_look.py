"""``taskloom dataset info``, ``stats``, ``card`` and ``view``: what a dataset holds, in numbers, words and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands._dataset import AsJson, Place, answer, opened, progress
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.dataset.card import write_card
from pipeline.dataset.summary import summary
from pipeline.dataset.viewing.pictures import FORMATS, write_film
from pipeline.dataset.viewing.recording import write_recording


def info(dataset: Place, as_json: AsJson = False) -> None:
    """What a dataset is: robot, rate, cameras, tasks, splits, arrays, sizes. Reads metadata only.

    Example: `taskloom dataset info runs/demo/dataset.zarr`
    """
    told = summary(opened(dataset))
    answer(told, _told(told), as_json=as_json)


def stats(
    dataset: Place,
    array: Annotated[list[str] | None, typer.Option(help="Only this array of data/. May be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Statistics of the train split as the dataset carries them: mean, std, min, max and quantiles.

    Example: `taskloom dataset stats runs/demo/dataset.zarr --array action`
    """
    reader = opened(dataset)
    known: dict[str, dict[str, Any]] = reader.attrs["stats"]
    for name in array or ():
        if name not in known:
            raise UnknownNameError("array with statistics", name, known)
    wanted = {name: known[name] for name in array or known}
    behind = reader.attrs["episodes"] - reader.attrs["stats_episodes"]
    told = {"split": reader.attrs["stats_split"], "episodes_behind": behind, "arrays": wanted}
    lines = [f"over the {told['split']} split" + (f"; {behind} episodes behind" if behind else "")]
    lines += [f"{name}\n" + "\n".join(_rows(values)) for name, values in wanted.items()]
    answer(told, "\n".join(lines), as_json=as_json)


def card(
    dataset: Place,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for README.md and its pictures; <dataset>.card if left out."),
    ] = None,
    where: Annotated[
        str | None, typer.Option("--from", help="Place that the snippets of the card read; the argument if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a README.md: counts, tasks, pictures, cameras, what actions mean, licences, how to load it in each trainer.

    Example: `taskloom dataset card runs/demo/dataset.zarr --out runs/demo/card --from s3://my-bucket/demo.zarr`
    """
    if out is None and "://" in dataset:
        raise InvalidInputError("--out is missing: say where the card of a dataset at a URL goes.")
    folder = out or Path(dataset.rstrip("/") + ".card")
    with progress("drawing") as heard:
        files = write_card(opened(dataset), folder, place=where or dataset, heard=heard)
    answer({"folder": str(folder), "files": files}, f"{folder}: {', '.join(files)}", as_json=as_json)


def view(
    dataset: Place,
    out: Annotated[Path, typer.Argument(help="What to write: .rrd for Rerun, .mp4 or .gif.")],
    episode: Annotated[int, typer.Option(help="Number of the episode, counted from 0.")] = 0,
    every: Annotated[int, typer.Option(min=1, help="Film only every so many steps.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Show an episode: a Rerun recording of robot, objects, cameras, actions and stages, or a plain film.

    Example: `taskloom dataset view runs/demo/dataset.zarr demo.rrd --episode 3`, then `rerun demo.rrd`
    """
    if out.suffix not in FORMATS:
        raise InvalidInputError(f"{out.name!r} ends in {out.suffix!r}; give a name that ends in {', '.join(FORMATS)}.")
    stored = opened(dataset).episode(episode)
    with progress("drawing"):
        if out.suffix == ".rrd":
            write_recording(stored, out)
            count = stored.length
        else:
            count = write_film(stored, out, every=every)
    told = {"file": str(out), "episode": episode, "frames": count, "bytes": out.stat().st_size}
    answer(told, f"{out}: episode {episode}, {count} frames, {told['bytes'] / 1e6:.2f} MB", as_json=as_json)


def _told(told: dict[str, Any]) -> str:
    robot = told["robot"]
    splits = ", ".join(f"{split['episodes']} {name}" for name, split in told["splits"].items())
    lines = [
        f"{told['name']} ({told['license']}), layout {told['schema_version']}, {told['bytes'] / 1e6:.1f} MB in "
        f"{told['files']} files",
        f"robot    {robot['name']} ({robot['type']}), {robot['dof']} columns of action, {told['control_hz']:g} Hz",
        f"episodes {told['episodes']} ({splits}), "
        f"{told['frames']} frames, {told['hours']:.2f} h; {told['successes']} successes",
        f"made by  {', '.join(told['solvers'])} on {', '.join(told['engines'])}",
        "cameras  " + (", ".join(f"{n} {c['width']}x{c['height']}" for n, c in told["cameras"].items()) or "none"),
        "channels " + ", ".join(told["channels"]),
        "tasks",
        *(f"    {t['episodes']:6}  {t['name']} ({t['family']}): {t['instruction']}" for t in told["tasks"]),
        "arrays",
        *(f"    data/{n:18} {a['dtype']:8} {a['shape']}  {a['units']}" for n, a in told["arrays"].items()),
    ]
    return "\n".join(lines)


def _rows(values: dict[str, Any]) -> list[str]:
    """One line a column; of what has no columns, one."""
    keys = ("mean", "std", "min", "q01", "q50", "q99", "max")
    flat = {key: _flat(values[key]) for key in keys}
    count = max(len(v) for v in flat.values())
    head = "    " + " ".join(f"{key:>10}" for key in keys)
    return [head, *("    " + " ".join(_number(flat[key][i]) for key in keys) for i in range(count))]


def _flat(value: Any) -> list[Any]:
    return [v for item in value for v in _flat(item)] if isinstance(value, list) else [value]


def _number(value: float | None) -> str:
    return f"{'-':>10}" if value is None else f"{value:10.4g}"
