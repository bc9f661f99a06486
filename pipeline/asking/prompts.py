"""Prompts: Markdown files with ``{{names}}``, rendered strictly, known by their hash."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import InvalidInputError

_NAME = re.compile(r"\{\{\s*([a-z_][a-z0-9_]*)\s*\}\}")


@dataclass(frozen=True)
class Prompt:
    """A template, where it came from, and its content address for provenance."""

    path: str
    template: str

    @staticmethod
    def load(path: Path) -> Prompt:
        """Read a Markdown file; raises :class:`InvalidInputError` when it is not there."""
        try:
            return Prompt(path.name, path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInputError(f"Cannot read the prompt {str(path)!r}: {error}.") from error

    @property
    def sha256(self) -> str:
        """Hash of the template, before any value is put in."""
        return hashlib.sha256(self.template.encode()).hexdigest()

    @property
    def names(self) -> frozenset[str]:
        """What the template wants to be told."""
        return frozenset(_NAME.findall(self.template))

    def render(self, **values: str) -> str:
        """The text with every name replaced; a missing or an unused value is an :class:`InvalidInputError`.

        Values are put in once: braces inside a value stay as they are.
        """
        missing, unused = self.names - set(values), set(values) - self.names
        if missing or unused:
            parts = [f"missing {sorted(missing)}"] if missing else []
            parts += [f"not used {sorted(unused)}"] if unused else []
            raise InvalidInputError(f"Prompt {self.path!r}: {', '.join(parts)}; it has {sorted(self.names)}.")
        return _NAME.sub(lambda match: values[match[1]], self.template)
