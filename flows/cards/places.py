"""Places: where what a card links to is, as addresses of the file server where there is one, else as paths."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from flows.cards.escaping import code, link, url
from flows.folder import RunFolder
from flows.home import runs_root

FILES_URL = "TASKLOOM_FILES_URL"


@dataclass(frozen=True)
class Places:
    """Links to files of runs; ``base`` is the address under which ``root`` is served."""

    root: Path
    base: str = ""

    @classmethod
    def here(cls, folder: RunFolder) -> Places:
        """As the environment says: ``TASKLOOM_FILES_URL`` serves ``TASKLOOM_RUNS``."""
        base = os.environ.get(FILES_URL, "")
        return cls(runs_root() if base else folder.root.parent, base)

    def address(self, path: Path, anchor: str = "") -> str | None:
        """Address of a file or folder; None where nothing serves it."""
        try:
            inside = path.resolve().relative_to(self.root.resolve())
        except ValueError:
            return None
        return url(self.base, inside.as_posix()) + (f"#{anchor}" if anchor else "") if self.base else None

    def link(self, label: str, path: Path, anchor: str = "") -> str:
        """A link, or the label and the path to copy."""
        address = self.address(path, anchor)
        return link(label, address) if address else f"{label}: {code(str(path.absolute()))}"


def replay_command(folder: RunFolder, task: str) -> str:
    """Replays a task's first demonstration bit for bit."""
    return f"taskloom replay {shlex.quote(str(folder.dataset.absolute()))} --task {task}"
