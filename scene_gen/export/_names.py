"""Names of a scene's things as file names and as identifiers of formats that allow letters, digits and ``_`` only."""

from __future__ import annotations

import re


def file_name(name: str, suffix: str) -> str:
    """``cabinet/top_drawer`` as ``cabinet.top_drawer.obj``; distinct for distinct names of a scene."""
    return re.sub(r"[^A-Za-z0-9_\-.]", "_", name.replace("/", ".")) + f".{suffix}"


def identifier(name: str) -> str:
    """The name with every other character replaced, never starting with a digit."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return plain if plain and not plain[0].isdigit() else f"_{plain}"
