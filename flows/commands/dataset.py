"""``taskloom dataset``: look at, check, divide, join, move and mend datasets."""

from __future__ import annotations

import typer

from flows.commands.dataset_export import export
from flows.commands.dataset_look import card, info, stats, view
from flows.commands.dataset_mend import repair
from flows.commands.dataset_select import filter, merge, split
from flows.commands.dataset_transfer import pull, push
from flows.commands.verify import verify

dataset = typer.Typer(help="Datasets: look at, check, divide, join, export, move and mend them.", no_args_is_help=True)
for command in (info, verify, stats, card, view, filter, split, merge, export, push, pull, repair):
    dataset.command()(command)
