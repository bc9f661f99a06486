"""The ``taskloom`` command and its groups."""

from __future__ import annotations

import sys

import typer

from flows.commands.assets import assets
from flows.commands.dataset import dataset
from flows.commands.doctor import doctor
from flows.commands.down import down
from flows.commands.engine_host import engine_host
from flows.commands.gallery import gallery
from flows.commands.generate import generate
from flows.commands.on_dataset import on_dataset
from flows.commands.replay import replay
from flows.commands.scene import scene
from flows.commands.status import status
from flows.commands.submit import submit
from flows.commands.tasks import tasks
from flows.commands.ui import ui
from flows.commands.up import up
from flows.commands.verify import verify
from pipeline.core.errors import GoalSyntaxError, InvalidInputError, OutputError, TaskloomError, UnknownNameError
from pipeline.core.secrecy import without_secrets

USAGE_ERRORS = (UnknownNameError, InvalidInputError, GoalSyntaxError, OutputError)

app = typer.Typer(
    name="taskloom",
    help="From a robot and an asset library to validated robot-manipulation demonstrations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (generate, gallery, engine_host, ui, doctor, replay, verify, up, down, status, submit):
    app.command()(command)
app.command("on-dataset")(on_dataset)
app.add_typer(assets, name="assets")
app.add_typer(dataset, name="dataset")
app.add_typer(tasks, name="tasks")
app.add_typer(scene, name="scene")


def main() -> None:
    """Run the command line. Exits with 0 on success, 1 failure, 2 bad input, 3 too few demonstrations, 130 Ctrl-C."""
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    try:
        app()
    except TaskloomError as error:
        if debug:
            raise
        typer.echo(without_secrets(f"error: {error}"), err=True)
        raise SystemExit(2 if isinstance(error, USAGE_ERRORS) else 1) from None


if __name__ == "__main__":
    main()
