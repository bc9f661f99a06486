"""The card of a dataset: a README.md with counts, tasks, pictures, cameras, meanings, licences and how to load it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from pipeline.core.errors import OutputError
from pipeline.dataset.atomic import new_directory
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.summary import summary
from pipeline.dataset.transfer.remote import redacted
from pipeline.dataset.viewing.pictures import camera_names, png, strip

MOST_STRIPS = 12
README = "README.md"
TAGS = ("robotics", "manipulation", "imitation-learning", "zarr", "taskloom")
Heard = Callable[[int, int], None]


def write_card(reader: DatasetReader, folder: Path, *, place: str, heard: Heard | None = None) -> list[str]:
    """Write README.md and its pictures into ``folder``, which is made anew; returns the names of the files.

    ``place`` is what the snippets open. Raises :class:`OutputError` when there is something else in the folder.
    """
    _refuse_strangers(folder)
    chosen = _examples(reader)
    files = [README]
    with new_directory(folder) as tmp:
        pictures: list[tuple[str, str]] = []
        for number, (task, index) in enumerate(chosen):
            name = f"{number:02}_{task}.png"
            (tmp / name).write_bytes(png(strip(reader.episode(index))))
            pictures.append((task, name))
            files.append(name)
            if heard is not None:
                heard(1, len(chosen))
        (tmp / README).write_text(card_text(reader, place=place, pictures=pictures))
    return files


def card_text(reader: DatasetReader, *, place: str, pictures: list[tuple[str, str]]) -> str:
    """The text of the card; ``pictures`` are (task, file) pairs."""
    told = summary(reader)
    template = Template(resources.files("pipeline.dataset").joinpath("card.md").read_text())
    return template.substitute(
        front="\n".join(_front(told)),
        name=told["name"],
        about=_about(told),
        pictures="\n\n".join(f"**{task}**\n\n![{task}]({name})" for task, name in pictures) or "No pictures.",
        tasks=_table(
            ("task", "family", "episodes", "instruction", "goal"),
            [(t["name"], t["family"], t["episodes"], t["instruction"], f"`{t['goal']}`") for t in told["tasks"]],
        ),
        splits=_table(
            ("split", "episodes", "frames"), [(n, s["episodes"], s["frames"]) for n, s in told["splits"].items()]
        ),
        cameras=_cameras(told),
        actions=_table(
            ("array", "type", "units", "what it is"),
            [
                (f"`{n}`", f"{a['dtype']} {a['shape'][1:]}", a["units"], a["semantics"])
                for n, a in told["arrays"].items()
            ],
        ),
        conventions="\n".join(f"- {key}: {text}" for key, text in reader.attrs["conventions"].items()),
        licences=_licences(told),
        provenance=_provenance(told),
        place=redacted(place),
        picture=camera_names(reader.episode(0))[0] if camera_names(reader.episode(0)) else "state",
        task=told["tasks"][0]["name"],
        depth=_depth(told),
    )


def _front(told: dict[str, Any]) -> list[str]:
    """The metadata block that model hubs read."""
    size = next(name for name, most in _SIZES if told["frames"] < most)
    tags = [f"- {tag}" for tag in (*TAGS, told["robot"]["name"])]
    lines = [f"license: {told['license'].lower()}", f"pretty_name: {told['name']}", "task_categories:", "- robotics"]
    return ["---", *lines, "tags:", *tags, "size_categories:", f"- {size}", "---"]


_SIZES = (("n<1K", 1e3), ("1K<n<10K", 1e4), ("10K<n<100K", 1e5), ("100K<n<1M", 1e6), ("1M<n<10M", 1e7), ("n>10M", 1e18))


def _about(told: dict[str, Any]) -> str:
    robot = told["robot"]
    count = len(told["tasks"])
    return (
        f"{told['episodes']} demonstrations of {count} task{'s' * (count != 1)} by a {robot['type']} "
        f"(`{robot['name']}`), {told['frames']} frames at {told['control_hz']:g} Hz ({told['hours']:.2f} h); "
        f"{told['successes']} reach their goal. {told['bytes'] / 1e6:.1f} MB in {told['files']} files, Zarr v3, layout "
        f"version {told['schema_version']}."
    )


def _cameras(told: dict[str, Any]) -> str:
    rows = []
    for name, c in told["cameras"].items():
        intrinsics = "differs by episode" if c.get("K") is None else f"{c['K'][0][0]:.1f}"
        mount = "differs by episode" if "mount" in c.get("varies", []) else c.get("mount") or "world"
        rows.append((f"`{name}`", f"{c['width']}x{c['height']}", ", ".join(told["channels"]), intrinsics, mount))
    return _table(("camera", "pixels", "channels", "focal length [px]", "mounted on"), rows) if rows else "None."


def _licences(told: dict[str, Any]) -> str:
    rows = [("the recordings", told["license"], "", "")]
    robot = told["robot"]["license"]
    rows.append((f"robot {told['robot']['name']}", robot["spdx"], robot["author"], robot["source"]))
    for asset in told["assets"]:
        licence = asset["license"]
        rows.append((asset["name"], licence["spdx"], licence["author"], licence["source"]))
    return _table(("what", "licence (SPDX)", "author", "source"), rows)


def _provenance(told: dict[str, Any]) -> str:
    lines = [f"- solved by {', '.join(told['solvers'])}; tasks by {', '.join(told['authors'])}"]
    lines.append(f"- simulated by {', '.join(told['engines'])}")
    lines += [f"- {package} {', '.join(versions)}" for package, versions in told["versions"].items()]
    return "\n".join(lines)


def _depth(told: dict[str, Any]) -> str:
    if "depth" not in told["channels"]:
        return "This dataset has no depth, so there are no point clouds for DP3."
    return ""


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def _examples(reader: DatasetReader) -> list[tuple[str, int]]:
    """An episode of each of the first tasks that has pictures to show."""
    if not camera_names(reader.episode(0)):
        return []
    tasks = reader.column("episode_task")
    first = {int(task): k for k, task in reversed(list(enumerate(tasks)))}
    return [(reader.tasks[task].name, k) for task, k in sorted(first.items())[:MOST_STRIPS]]


def _refuse_strangers(folder: Path) -> None:
    if folder.exists() and any(p.suffix not in (".md", ".png") for p in folder.iterdir()):
        raise OutputError(f"{str(folder)!r} holds other files than a card; choose another folder with --out.")
