"""``taskloom ui``: open the Prefect pages of a finished run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.cards.keys import batch_name, gallery_key
from flows.folder import RunFolder
from flows.interrupts import interruptible
from flows.server import EmbeddedServer
from pipeline.core.errors import OutputError


def ui(
    out: Annotated[Path, typer.Argument(help="Folder of a run.")],
    port: Annotated[int, typer.Option(help="Port on the loopback interface; 0 picks a free one.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the addresses as JSON.")] = False,
) -> None:
    """Serve the run pages and artifacts of OUT until Ctrl-C.

    Example: `taskloom ui runs/demo`
    """
    folder = RunFolder(out)
    if not (folder.prefect_home / "prefect.db").is_file():
        raise OutputError(
            f"{str(out)!r} holds no Prefect home. Runs made with --plain or on a PREFECT_API_URL server have none; "
            f"open {folder.gallery} instead, or that server."
        )
    try:
        with interruptible(), EmbeddedServer(folder.prefect_home, folder.logs / "prefect.log", port=port) as server:
            server.wait()
            _announce(server.url, batch_name(out), as_json=as_json)
            server.join()
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)


def _announce(url: str, batch: str, *, as_json: bool) -> None:
    artifacts = f"{url}/v2/artifacts"
    pages = {"runs": f"{url}/v2/runs", "artifacts": artifacts, "gallery": f"{artifacts}/key/{gallery_key(batch)}"}
    if as_json:
        typer.echo(json.dumps(pages))
        return
    for name, page in pages.items():
        typer.echo(f"{name:10} {page}")
    typer.echo("Ctrl-C stops the server.", err=True)
