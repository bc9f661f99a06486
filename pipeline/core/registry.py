"""Registry by file name: a module ``on.py`` in the package exports ``on`` and is found under the key ``"on"``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from typing import Generic, TypeVar, cast

from pipeline.core.errors import UnknownNameError

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """The entries of one package: one a file, the file's name is the key and the exported name."""

    def __init__(self, package: str, kind: str) -> None:
        self.package, self.kind = package, kind

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All keys, sorted; nothing is imported to list them."""
        path = importlib.import_module(self.package).__path__
        return tuple(sorted(m.name for m in pkgutil.iter_modules(path) if not m.name.startswith("_")))

    def get(self, name: str) -> Entry:
        """The entry called ``name``; raises :class:`UnknownNameError` with the nearest allowed name."""
        if name not in self.names:
            raise UnknownNameError(self.kind, name, self.names)
        module = importlib.import_module(f"{self.package}.{name}")
        return cast(Entry, getattr(module, name))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names
