"""Skills that a run is given and those that it adds to a shelf: as with memories, but of learned policies."""

from __future__ import annotations

from pathlib import Path

from demo_solvers.learning.shelf import Shelf
from flows.copying import copy_whole
from flows.folder import RunFolder
from pipeline.core.errors import InvalidInputError


def skills_for(out: Path, given: Path | None, *, remember: bool = False) -> Shelf | None:
    """The skills of a run in ``out``: those that it began with if it goes on, else the given folder's, all sound.

    With ``remember`` a folder that is not there yet is an empty shelf, to be filled. Raises
    :class:`InvalidInputError`.
    """
    if remember and given is None:
        raise InvalidInputError("--remember-skills adds to a shelf; name its folder with --skills.")
    if given is not None and (given.exists() or not remember) and not given.is_dir():
        raise InvalidInputError(
            f"--skills {str(given)!r} is no folder. Name one that holds skills, such as OUT/skills of an earlier run; "
            "with --remember-skills it is made."
        )
    held = RunFolder(out).given_skills
    shelf = Shelf(held) if held.is_dir() else None if given is None else Shelf(given)
    if shelf is not None:
        shelf.check()
    return shelf


def digest_of(shelf: Shelf | None) -> str:
    """What a configuration says of it; empty for none."""
    return "" if shelf is None else shelf.digest


def keep_given(shelf: Shelf | None, folder: RunFolder, *, digest: str) -> None:
    """Copy the skills that a run is given into its folder, whole or not at all.

    Raises :class:`OutputError`, also when they have changed since the configuration took their ``digest``.
    """
    if shelf is None or not digest or folder.given_skills.exists():
        return
    copy_whole(
        [p for p in sorted(shelf.root.iterdir()) if p.suffix in (".json", ".npz")],
        shelf.root,
        folder.given_skills,
        is_same=lambda staged: Shelf(staged).digest == digest,
        called="Skills",
    )


def add_skills(folder: RunFolder, place: Path) -> int:
    """Add what a run has learned to the shelf in ``place``; how many were new there, or better."""
    return Shelf(place).take(Shelf(folder.skills))
