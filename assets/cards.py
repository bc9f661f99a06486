"""Cards on disk: hash a folder's files and write ``card.json`` beside them."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from pipeline.core.asset import AssetSpec
from pipeline.core.robot import RobotSpec

CARD = "card.json"
_NUMBERS = re.compile(r"\[\n[\s\d.,eE+-]+\]")


def write_card(folder: Path, spec: AssetSpec | RobotSpec) -> None:
    """Write ``spec`` as the folder's card, with ``files`` set to the checksums of what the folder holds."""
    # A chain of rotations multiplies rounding errors, a grasp or a box does not.
    digits = 12 if isinstance(spec, RobotSpec) else 6
    final = spec.model_copy(update={"files": checksums(folder)})
    values = _rounded(final.model_dump(mode="json", exclude_defaults=True), digits)
    text = json.dumps(values, indent=1, sort_keys=True)
    (folder / CARD).write_text(_NUMBERS.sub(_on_one_line, text) + "\n")


def checksums(folder: Path) -> dict[str, str]:
    """sha256 of every file below ``folder`` but the card, by relative path."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != CARD)
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def _rounded(value: object, digits: int) -> object:
    if isinstance(value, float):
        return round(value, digits) + 0.0  # no negative zero
    if isinstance(value, dict):
        return {k: _rounded(v, digits) for k, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v, digits) for v in value]
    return value


def _on_one_line(match: re.Match[str]) -> str:
    return re.sub(r"\s+", " ", match.group()).replace("[ ", "[").replace(" ]", "]")
