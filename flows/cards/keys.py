"""Keys of artifacts: lower case letters, digits and dashes, of which Prefect's pages search any piece.

batches                       one list of all batches
<batch>-gallery               the gallery of a batch
<batch>-outcomes              its table
<batch>-card-<task>           the card of a task; ``<batch>-card`` finds all of a batch, ``mug`` all with a mug
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from flows.home import runs_root

INDEX = "batches"
MARK = 4  # hexadecimal digits that keep names apart which only differ in what a key cannot hold


def batch_name(root: Path) -> str:
    """A run folder's name as the first part of keys; under the runs root it may be in folders of its own."""
    place, runs = root.resolve(), runs_root().resolve()
    return _slug(place.relative_to(runs).as_posix() if runs in place.parents else place.name)


def gallery_key(batch: str) -> str:
    """Of the gallery."""
    return f"{batch}-gallery"


def outcomes_key(batch: str) -> str:
    """Of the table."""
    return f"{batch}-outcomes"


def card_key(batch: str, task: str) -> str:
    """Of the card of a task."""
    return f"{batch}-card-{_slug(task)}"


def _slug(name: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if slug.replace("-", "_") == name or slug == name:
        return slug
    mark = hashlib.sha256(name.encode()).hexdigest()[:MARK]
    return f"{slug}-{mark}" if slug else mark
