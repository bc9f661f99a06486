"""``taskloom scene``: build one scene of a task, look at it, and take it to other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from assets.catalog import LibraryCatalog
from flows.config import BACKENDS, RANDOMISATIONS, help_of
from flows.scene_folder import read_scene, save_scene
from flows.scenes import AS_LAID_OUT, build_scene, choose_task, pictures, save_pictures
from flows.stdout import stdout_to_stderr
from pipeline.core.errors import UnknownNameError
from pipeline.physical import physical_model
from scene_gen.builder import SUPPORTS
from scene_gen.export import ARCHIVES, FORMATS, export_scene

scene = typer.Typer(help="Build, render and export scenes.", no_args_is_help=True)

Scene = Annotated[Path, typer.Argument(metavar="SCENE", help="Folder or JSON file that `scene build` wrote.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


@scene.command()
def build(
    task_file: Annotated[
        Path | None, typer.Argument(metavar="[TASKS]", help="Task file; without one the procedural author proposes.")
    ] = None,
    index: Annotated[int, typer.Option(min=0, help="Which of the tasks, counted from 0.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Root of every random stream.")] = 0,
    robot: Annotated[str, typer.Option(help=help_of("robot"))] = "panda",
    support: Annotated[str, typer.Option(help=f"What it stands on: {', '.join(SUPPORTS)}.")] = "table",
    randomise: Annotated[str, typer.Option(help=f"Domain randomisation: {', '.join(RANDOMISATIONS)}.")] = "off",
    settle: Annotated[
        str, typer.Option(help=f"Where things come to rest: {', '.join(BACKENDS)}, or {AS_LAID_OUT} for as laid out.")
    ] = "mujoco",
    out: Annotated[Path, typer.Option(help="Folder to write; it must not exist.")] = Path("scene"),
    as_json: AsJson = False,
) -> None:
    """Sample a settled scene in a task's initial relations and write it with its assets. Same seed, same scene.

    Example: `taskloom scene build --seed 3 --support counter --out runs/scene`
    """
    catalog = LibraryCatalog()
    arm = catalog.robot(robot)
    task = choose_task(task_file, catalog, arm, index=index, seed=seed)
    if settle not in (AS_LAID_OUT, *BACKENDS):
        raise UnknownNameError("backend to settle in", settle, (*BACKENDS.names, AS_LAID_OUT))
    with stdout_to_stderr():
        made = build_scene(task, catalog, arm, seed=seed, support=support, randomise=randomise, settle=settle)
    path = save_scene(made, catalog, out)
    if as_json:
        things = [p.name for p in made.placements]
        typer.echo(json.dumps({"scene": str(path), "task": task.name, "seed": made.seed, "things": things}, indent=1))
    else:
        typer.echo(f"{path}: {task.instruction} ({len(made.placements)} things on {support!r})")


@scene.command()
def render(
    where: Scene,
    backend: Annotated[str, typer.Option(help=help_of("backend"))] = "mujoco",
    camera: Annotated[list[str] | None, typer.Option(help="Cameras of the scene; default all.")] = None,
    width: Annotated[int | None, typer.Option(min=16, max=4096, help="Pixels; default is the camera's.")] = None,
    height: Annotated[int | None, typer.Option(min=16, max=4096, help="Pixels; default is the camera's.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for one PNG a camera.")] = Path("pictures"),
    as_json: AsJson = False,
) -> None:
    """Draw a scene at its reset as each of its cameras sees it.

    Example: `taskloom scene render runs/scene --backend genesis --width 640 --height 480 --out runs/pictures`
    """
    if backend not in BACKENDS:
        raise UnknownNameError("backend", backend, BACKENDS.names)
    spec, files = read_scene(where)
    with Console(stderr=True).status(f"rendering on {backend}"), stdout_to_stderr():
        seen = pictures(spec, files, backend=backend, cameras=camera, width=width, height=height)
    paths = save_pictures(seen, out)
    typer.echo(json.dumps({n: str(p) for n, p in paths.items()}) if as_json else "\n".join(map(str, paths.values())))


@scene.command()
def export(
    where: Scene,
    format: Annotated[str, typer.Option(help=f"One of: {', '.join(FORMATS)}.")] = "mjcf",
    out: Annotated[
        Path, typer.Option(help=f"Folder to write, or an archive ({', '.join(ARCHIVES)}); it must not exist.")
    ] = Path("exported"),
    as_json: AsJson = False,
) -> None:
    """Write a scene for MuJoCo (mjcf) or for Isaac Sim, Newton and other readers of USD (usd).

    Example: `taskloom scene export runs/scene --format usd --out runs/scene.usdz`
    """
    if format not in FORMATS:
        raise UnknownNameError("format", format, FORMATS.names)
    spec, files = read_scene(where)
    model = physical_model(spec, files)
    main = export_scene(model, out, format=format)
    if as_json:
        counts = {"bodies": len(model.bodies), "joints": len(model.joints), "meshes": len(model.meshes)}
        typer.echo(json.dumps({"file": str(main), "format": format, **counts}, indent=1))
    else:
        typer.echo(f"{main}: {len(model.bodies)} bodies, {len(model.joints)} joints")


@scene.command()
def sheet(
    out: Annotated[Path, typer.Argument(help="Picture to write, .jpg or .png.")],
    count: Annotated[int, typer.Option(min=1, max=200, help="How many scenes.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Root of every random stream.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Draw a contact sheet of scenes on all supports, from plain to strongly randomised.

    Example: `taskloom scene sheet runs/scenes.jpg --count 30`
    """
    from flows.scene_sheet import scene_sheet

    with Console(stderr=True).status("drawing") as status, stdout_to_stderr():
        captions = scene_sheet(out, count=count, seed=seed, told=status.update)
    typer.echo(json.dumps({"file": str(out), "scenes": captions}) if as_json else f"{out}: {len(captions)} scenes")
