"""Put a draft into a library folder whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from assets.catalog import CARD, LibraryCatalog
from assets.draft import Draft, write_draft
from pipeline.core.asset import AssetSpec
from pipeline.core.errors import InvalidInputError, OutputError


def check_free(name: str, taken: tuple[str, ...], root: Path, *, replace: bool = False) -> None:
    """Raise InvalidInputError when the name is in use; ``replace`` allows it for what lies in ``root`` itself."""
    if name not in taken or (replace and (root / "objects" / name / CARD).is_file()):
        return
    remedy = "Choose another with --name" + (
        "." if replace else ", or give --replace if it is one of your own imports."
    )
    raise InvalidInputError(f"There is an asset called {name!r} already. {remedy}")


def install(draft: Draft, root: Path) -> AssetSpec:
    """Write ``draft`` below ``root`` and return its card; raises OutputError when the folder cannot be written."""
    swap_folder(root / "objects" / draft.name, lambda folder: write_draft(draft, folder))
    return LibraryCatalog(root, extra=()).asset(draft.name)


def swap_folder(target: Path, fill: Callable[[Path], object]) -> None:
    """Fill a folder beside ``target`` and put it in its place; on any error ``target`` stays as it was."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".import-", dir=target.parent))
    except OSError as error:
        raise OutputError(
            f"Cannot write to {str(target.parent)!r} ({error.strerror}); choose another with --out."
        ) from error
    try:
        fill(work / "new")
        if target.exists():
            target.replace(work / "old")
        (work / "new").replace(target)
    except OSError as error:
        if (work / "old").exists() and not target.exists():
            (work / "old").replace(target)
        raise OutputError(f"Cannot write {str(target)!r} ({error.strerror or error}); nothing was changed.") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
