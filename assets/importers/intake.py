"""What a file from outside must be before anything parses it: there, readable, of a known kind, of bearable size."""

from __future__ import annotations

import json
import re
import struct
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.core.errors import InvalidInputError

KINDS = {
    ".obj": "obj",
    ".glb": "glb",
    ".gltf": "gltf",
    ".stl": "stl",
    ".ply": "ply",
    ".urdf": "urdf",
    ".xml": "xml",
    ".mjcf": "mjcf",
    ".usd": "usd",
    ".usda": "usd",
    ".usdc": "usd",
    ".usdz": "usd",
}
MAX_BYTES = 500_000_000
MAX_FACES = 2_000_000
GLB_JSON = 0x4E4F534A
THIN_OUT = "Decimate it in a mesh editor first, or export it at a lower resolution."
EXPORT_AGAIN = "Export it again."


def refuse(path: Path, problem: str, remedy: str) -> InvalidInputError:
    """The error of an import: which file, what is wrong with it, and what to do."""
    return InvalidInputError(f"Cannot import {str(path)!r}: {problem} {remedy}")


def kind_of(path: Path) -> str:
    """The kind of a file by its ending, after a look at its size and head; raises InvalidInputError."""
    if path.is_dir():
        raise refuse(path, "it is a folder.", f"Name one file in it; allowed endings: {', '.join(KINDS)}.")
    if not path.exists():
        raise refuse(path, "there is no such file.", "Check the path.")
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise refuse(path, f"its ending {path.suffix!r} is not known.", f"Allowed: {', '.join(KINDS)}.")
    check_file(path)
    return kind


def check_file(path: Path) -> None:
    """Refuse what is empty, unreadable or too large, and meshes whose head claims what the file does not hold."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise refuse(path, f"it cannot be read ({error.strerror}).", "Check its permissions.") from error
    if not head.strip():
        raise refuse(path, "it is empty.", EXPORT_AGAIN)
    if size > MAX_BYTES:
        raise refuse(path, f"it has {size / 1e6:.0f} MB, allowed {MAX_BYTES / 1e6:.0f}.", THIN_OUT)
    if look := _LOOKS.get(KINDS.get(path.suffix.lower(), "")):
        look(path, head, size)


def inside(reference: str, folder: Path, *, of: Path) -> Path:
    """The file that ``reference`` names from ``folder``; raises InvalidInputError when it is missing or outside."""
    target = contained(reference, folder, of=of)
    if not target.is_file():
        raise refuse(of, f"it refers to {reference!r}, which is not there.", f"Put the file below {str(folder)!r}.")
    return target


def contained(reference: str, folder: Path, *, of: Path, within: Path | None = None) -> Path:
    """Where ``reference`` points from ``folder``, there or not; raises InvalidInputError outside of ``within``."""
    clean = reference.strip().replace("\\", "/").removeprefix("file://")
    target, allowed = (folder / clean).resolve(), (within or folder).resolve()
    if not target.is_relative_to(allowed):
        raise refuse(
            of,
            f"it refers to {reference!r}, which lies outside its folder {str(allowed)!r}.",
            "Files may only refer to what is below that folder: copy it there, or name a common one with --within.",
        )
    return target


def check_count(path: Path, faces: int) -> None:
    """Refuse more faces than an import can chew."""
    if faces > MAX_FACES:
        raise refuse(path, f"it has {faces:,} faces, allowed {MAX_FACES:,}.", THIN_OUT)


def read_xml(path: Path) -> ET.Element:
    """The root of an XML file; document types and entities are refused, since a few lines of them fill any memory."""
    check_file(path)
    text = path.read_bytes()
    if re.search(rb"<!\s*(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise refuse(path, "it declares a DOCTYPE or entities, which are not allowed.", "Remove the declaration.")
    try:
        return ET.fromstring(text)
    except (ET.ParseError, ValueError, LookupError) as error:
        raise refuse(path, f"it is not well-formed XML ({error}).", EXPORT_AGAIN) from error


def _look_at_stl(path: Path, head: bytes, size: int) -> None:
    if size < 84:
        if head.lstrip().startswith(b"solid"):
            return
        raise refuse(path, "it is neither a text nor a binary STL.", EXPORT_AGAIN)
    count = struct.unpack_from("<I", head, 80)[0]
    expected = 84 + 50 * count
    if head.lstrip().startswith(b"solid") and b"facet" in head:
        return
    check_count(path, count)
    if expected > size:
        raise refuse(
            path, f"its head claims {count:,} faces ({expected:,} bytes), it has {size:,} bytes.", EXPORT_AGAIN
        )


def _look_at_ply(path: Path, head: bytes, size: int) -> None:
    if not head.startswith(b"ply"):
        raise refuse(path, "it does not start with 'ply'.", EXPORT_AGAIN)
    if b"end_header" not in head:
        raise refuse(path, "its header has no end.", EXPORT_AGAIN)
    counts = {name: int(n) for name, n in re.findall(rb"element\s+(\w+)\s+(\d+)", head)}
    check_count(path, counts.get(b"face", 0))
    body = size - head.index(b"end_header")
    if sum(counts.values()) * 2 > body:  # a vertex or a face takes at least two bytes, in text and in binary
        total = f"{counts.get(b'vertex', 0):,} vertices and {counts.get(b'face', 0):,} faces"
        raise refuse(path, f"its header claims {total}, which {body:,} bytes cannot hold.", EXPORT_AGAIN)


def _look_at_glb(path: Path, head: bytes, size: int) -> None:
    if len(head) < 20 or head[:4] != b"glTF":
        raise refuse(path, "it does not start as a binary glTF.", EXPORT_AGAIN)
    version, length, chunk, kind = struct.unpack_from("<IIII", head, 4)
    if version != 2:
        raise refuse(path, f"it is glTF version {version}, allowed 2.", EXPORT_AGAIN)
    if length > size:
        raise refuse(path, f"its head claims {length:,} bytes, it has {size:,}.", EXPORT_AGAIN)
    if kind != GLB_JSON or 20 + chunk > size:
        raise refuse(path, "its first chunk is not JSON.", EXPORT_AGAIN)
    with path.open("rb") as file:
        _check_gltf(path, file.read(20 + chunk)[20:])


def _look_at_gltf(path: Path, head: bytes, size: int) -> None:
    _check_gltf(path, path.read_bytes())


def _check_gltf(path: Path, text: bytes) -> None:
    """Refuse JSON that is no glTF, too many faces, and buffers or images outside the folder."""
    try:
        tree: Any = json.loads(text)
        meshes = [p for m in tree.get("meshes", ()) for p in m["primitives"]]
        corners = [tree["accessors"][p["indices"]]["count"] for p in meshes if "indices" in p]
        uris = [str(e["uri"]) for key in ("buffers", "images") for e in tree.get(key, ()) if "uri" in e]
    except (ValueError, AttributeError, TypeError, KeyError, IndexError) as error:
        raise refuse(path, f"its JSON is broken ({type(error).__name__}: {error}).", EXPORT_AGAIN) from error
    check_count(path, sum(corners) // 3)
    for uri in uris:
        if not uri.startswith("data:"):
            inside(uri, path.parent, of=path)


def _look_at_obj(path: Path, head: bytes, size: int) -> None:
    """Refuse too many faces and material files or textures outside the folder."""
    faces, libraries = 0, list[str]()
    with path.open(errors="replace") as file:
        for line in file:
            faces += line.startswith("f ")
            if line.startswith("mtllib "):
                libraries.append(line[7:].strip())
    check_count(path, faces)
    for library in libraries:
        materials = contained(library, path.parent, of=path)
        text = materials.read_text(errors="replace") if materials.is_file() else ""  # without it a mesh is only grey
        for image in re.findall(r"^\s*map_\w+\s+(?:.*\s)?(\S+)\s*$", text, re.MULTILINE):
            contained(image, path.parent, of=materials)


_LOOKS: dict[str, Callable[[Path, bytes, int], None]] = {
    "stl": _look_at_stl,
    "ply": _look_at_ply,
    "glb": _look_at_glb,
    "gltf": _look_at_gltf,
    "obj": _look_at_obj,
}
