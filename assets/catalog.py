"""LibraryCatalog: objects and robots of the vendored and the user's library, from cards, checksums verified."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.core.asset import AssetSpec
from pipeline.core.errors import AssetError, UnknownNameError
from pipeline.core.robot import RobotSpec

Card = TypeVar("Card", AssetSpec, RobotSpec)
LIBRARY = Path(__file__).parent / "library"
CONTACT_LIBRARY = Path(__file__).parent / "contact_library"
CARD = "card.json"
MEND = "Restore it from version control, or rebuild the library with 'python -m assets.build'."


def user_library() -> Path:
    """Where imported and fetched assets live: ``TASKLOOM_ASSETS``, else the user's data folder."""
    if named := os.environ.get("TASKLOOM_ASSETS"):
        return Path(named).expanduser()
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "taskloom" / "assets"


class LibraryCatalog:
    """Assets in ``objects/<name>/`` and robots in ``robots/<name>/``, each a ``card.json`` and the files it lists.

    ``root`` is searched first, then ``extra`` (by default the user's own library). The vendored library has a second
    root, of things made for certain tasks: :meth:`asset` finds those when a task names them, but they are not among
    :attr:`assets`, from which tasks are proposed and distractors are drawn. Cards are read when first asked for; the
    files of a card are hashed once per process, when first handed out. :meth:`adopt` adds variants that exist for one
    run only, such as randomised assets: they are found by their content, never by name.
    """

    def __init__(self, root: Path = LIBRARY, *, extra: tuple[Path, ...] | None = None) -> None:
        self.root = root
        self.roots = (root, *((user_library(),) if extra is None and root == LIBRARY else extra or ()))
        self._by_name = (CONTACT_LIBRARY,) if root == LIBRARY else ()
        self._cards: dict[Path, BaseModel] = {}
        self._adopted: dict[str, Path] = {}
        self._verified: set[tuple[Path, str]] = set()

    @property
    def assets(self) -> tuple[str, ...]:
        """All asset names, sorted, but those made for certain tasks."""
        return _names(self.roots, "objects")

    @property
    def made_for_tasks(self) -> tuple[str, ...]:
        """Names of the assets that are there for the tasks that name them, sorted."""
        return _names(self._by_name, "objects")

    @property
    def robots(self) -> tuple[str, ...]:
        """All robot names, sorted."""
        return _names(self.roots, "robots")

    def asset(self, name: str) -> AssetSpec:
        """The asset called ``name``; raises UnknownNameError, or AssetError for a malformed card."""
        if name not in self.assets and name not in self.made_for_tasks:
            raise UnknownNameError("asset", name, self.assets)
        return self._card(AssetSpec, self._home("objects", name) / CARD)

    def robot(self, name: str) -> RobotSpec:
        """The robot called ``name``; raises UnknownNameError, or AssetError for a malformed card."""
        if name not in self.robots:
            raise UnknownNameError("robot", name, self.robots)
        return self._card(RobotSpec, self._home("robots", name) / CARD)

    def folder(self, spec: AssetSpec | RobotSpec) -> Path:
        """The library folder of ``spec``; raises AssetError when a file is missing or not the one ``spec`` names."""
        folder = self._folder(spec)
        if (folder, spec.sha256) not in self._verified:
            for path in spec.files:
                _verified_bytes(folder, spec, path)
            self._verified.add((folder, spec.sha256))
        return folder

    def read(self, spec: AssetSpec | RobotSpec, path: str) -> bytes:
        """The bytes of one of ``spec.files``; raises UnknownNameError or AssetError."""
        if path not in spec.files:
            raise UnknownNameError(f"file of {spec.name!r}", path, spec.files)
        return _verified_bytes(self._folder(spec), spec, path)

    def adopt(self, spec: AssetSpec | RobotSpec, folder: Path) -> None:
        """Serve ``spec``, a variant of a library card, from ``folder`` for the life of this catalogue."""
        self._adopted[spec.sha256] = folder

    def _folder(self, spec: AssetSpec | RobotSpec) -> Path:
        if adopted := self._adopted.get(spec.sha256):
            return adopted
        return self._home("robots" if isinstance(spec, RobotSpec) else "objects", spec.name)

    def _home(self, kind: str, name: str) -> Path:
        """The first root's folder that holds a card of that name; the vendored one's if none does."""
        folders = [root / kind / name for root in (*self.roots, *self._by_name)]
        return next((f for f in folders if (f / CARD).is_file()), folders[0])

    def _card(self, kind: type[Card], path: Path) -> Card:
        card = self._cards.get(path)
        if not isinstance(card, kind):
            card = self._cards[path] = _read_card(kind, path)
        return card


def _names(roots: tuple[Path, ...], kind: str) -> tuple[str, ...]:
    return tuple(sorted({p.parent.name for root in roots for p in (root / kind).glob(f"*/{CARD}")}))


def _read_card(kind: type[Card], path: Path) -> Card:
    try:
        card = kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise AssetError(f"Card {str(path)!r} is not a valid {kind.__name__}: {error}. {MEND}") from error
    except OSError as error:
        raise AssetError(f"Card {str(path)!r} cannot be read ({error.strerror}). {MEND}") from error
    if card.name != path.parent.name:
        raise AssetError(f"Card {str(path)!r} is named {card.name!r}, expected {path.parent.name!r}. {MEND}")
    return card


def _verified_bytes(folder: Path, spec: AssetSpec | RobotSpec, path: str) -> bytes:
    expected = spec.files[path]
    try:
        data = (folder / path).read_bytes()
    except OSError as error:
        raise AssetError(
            f"File {str(folder / path)!r} of {spec.name!r} is missing or unreadable ({error.strerror}); "
            f"expected sha256 {expected}. {MEND}"
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise AssetError(
            f"File {str(folder / path)!r} of {spec.name!r} has changed: sha256 {found}, expected {expected}. {MEND}"
        )
    return data
