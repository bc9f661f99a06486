"""``taskloom assets shake``: grasp candidates scored by shaking them in physics."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from assets.catalog import LibraryCatalog
from flows.commands._assets import AsJson, Names, chosen, progress_bar
from flows.stdout import stdout_to_stderr
from pipeline.core.errors import TaskloomError


def shake(
    names: Names = None,
    backend: Annotated[str, typer.Option(help="Physics backend to shake in.")] = "mujoco",
    again: Annotated[bool, typer.Option("--again", help="Also test what has been tested.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell the scores, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Close a robot's hand on every grasp of free objects, lift, shake, and write into the card how well each held.

    A score is in [0, 1]: the mean over seven phases (lift; shift along and turn about the tool's three axes) of 0 if a
    finger lost the object, else 1 - slip / 5 cm. Each card is written when its object is done, and objects that have
    been tested are left out, so the same command goes on where it was stopped. Exit code 1 when a test failed to run.

    Example: `taskloom assets shake mug bowl`
    """
    from flows.annotation import save_card
    from flows.shaking import Shaken, graspable, shaker, tested

    catalog = LibraryCatalog()
    wanted = [n for n in chosen(catalog, names) if graspable(catalog.asset(n))]
    todo = [n for n in wanted if again or not tested(catalog.asset(n))]
    told, errors = dict[str, Shaken](), dict[str, str]()
    with progress_bar(len(todo)) as progress, stdout_to_stderr(), shaker(catalog, backend=backend) as hand:
        for name in todo:
            progress(name)
            try:
                new = hand.shake(catalog.asset(name), again=again)
                if not dry_run:
                    save_card(new, catalog)
            except TaskloomError as error:
                errors[name] = str(error)
                continue
            told[name] = Shaken.of(new)
    if as_json:
        done = {name: one.model_dump() for name, one in told.items()}
        known = [n for n in wanted if n not in todo]
        typer.echo(json.dumps({"shaken": done, "already_tested": known, "errors": errors}, indent=1))
    else:
        for name, one in told.items():
            best = "" if one.best is None else f", best {one.best:.2f}"
            typer.echo(f"{name}: {one.holding} of {one.grasps} grasps hold, {one.unreached} out of reach{best}")
        for name, said in errors.items():
            typer.echo(f"{name}: {said}")
        typer.echo(f"{len(told)} objects shaken, {len(wanted) - len(todo)} had been tested before")
    if errors:
        raise typer.Exit(1)
