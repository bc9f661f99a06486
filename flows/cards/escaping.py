"""Escaping: text from tasks, models and assets made harmless and exact in Markdown, whichever renderer shows it.

All of it is untrusted. It must not become a heading, a link, a picture (which would tell another host that a card was
looked at) or HTML. Renderers also turn bare addresses into links; those are broken by a character of no width.
"""

from __future__ import annotations

import re
import unicodedata
from html import escape
from urllib.parse import quote

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
"""Every mark that Markdown may give a meaning to; a backslash takes it away."""
ADDRESS = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*:)(?=//)|(\bwww)(?=\.)|(@)(?=[\w-])")
"""What renderers make a link of by themselves."""
NO_WIDTH = "\u2060"  # word joiner
DIRECTIONS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that reverse the order in which later text is shown."""


def plain(text: str, *, most: int) -> str:
    """One line of at most ``most`` characters, without control characters and marks of direction."""
    kept = "".join(" " if c.isspace() else c for c in text if c not in DIRECTIONS)
    kept = "".join(c for c in kept if unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn"))
    line = re.sub(r" +", " ", kept).strip()
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def text(value: str, *, most: int = 400) -> str:
    """``value`` as Markdown that shows exactly its words."""
    return PUNCTUATION.sub(r"\\\1", _unlinked(plain(value, most=most)))


def code(value: str, *, most: int = 800) -> str:
    """``value`` as a code span; works outside tables."""
    line = plain(value, most=most)
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * (longest + 1)
    space = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return f"{fence}{space}{line}{space}{fence}"


def block(value: str, *, most: int = 2000) -> str:
    """``value`` as a code block, for a command to copy."""
    return f"```sh\n{plain(value, most=most).replace('```', '')}\n```"


def link(label: str, address: str) -> str:
    """A link whose label is untrusted; the address is ours, made by :func:`url`."""
    return f"[{text(label)}](<{address}>)"


def image(label: str, address: str) -> str:
    """A picture whose label is untrusted; the address is ours: a data URI, or one of our file server."""
    return f"![{text(label)}](<{address}>)"


def html_text(value: str, *, most: int = 400) -> str:
    """``value`` for the inside of an HTML element or attribute within Markdown."""
    return escape(_unlinked(plain(value, most=most)), quote=True)


def url(base: str, path: str) -> str:
    """``path`` under ``base``, quoted so that neither Markdown nor HTML can end in it."""
    return f"{base.rstrip('/')}/{quote(path, safe='/-._~')}"


def _unlinked(line: str) -> str:
    return ADDRESS.sub(lambda found: found.group(0) + NO_WIDTH, line)
