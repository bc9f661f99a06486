"""What an exporter is: the object that each ``exporters/<name>.py`` exports under its own name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pipeline.core.geometry import Frozen
from pipeline.dataset.exporters._selection import Selection


class Options(Frozen):
    """What only one format knows; each exporter has its own."""


Own = TypeVar("Own", bound=Options)
Tell = Callable[[int], None]
"""Called with the number of each episode that is about to be written."""


@dataclass(frozen=True)
class Exporter(Generic[Own]):
    """One format."""

    about: str
    """One line for the help."""
    options: type[Own]
    keys: Callable[[Selection, Own], dict[str, str]]
    """The format's own mapping of names, for a selection whose keys are not known yet."""
    write: Callable[[Selection, Path, Own, Tell], None]
    """Write the selection to a place where nothing is, streaming episode by episode."""
    recognises: Callable[[Path], bool]
    """Whether a place holds this format, so that replacing it removes nothing else."""
    action: str = "action"
    """The exported name of the action."""
    file: bool = False
    """Whether the export is one file, not a folder."""
    needs: tuple[str, ...] = ()
    """Modules of the extra ``export`` that it imports."""
    derive: Callable[[Selection, Own], Selection] = lambda selection, own: selection
    """Adds arrays that the dataset does not store but the format wants."""
