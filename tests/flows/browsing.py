"""A browser page whose requests are kept and whose only way out of this machine is a trap."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LOADED = "Promise.all([...document.images].map(i => i.decode().then(() => i.naturalWidth)))"
"""Widths of all pictures of a page, once they are decoded [pixels]."""
LOCAL = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:")


@contextmanager
def trapped(chromium: Any, trap: str) -> Iterator[Any]:
    """The page; ``page.asked`` holds every address that it asked for."""
    proxy = {"server": trap, "bypass": "127.0.0.1,localhost"}
    context = chromium.new_context(viewport={"width": 1280, "height": 1000}, proxy=proxy)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    yield page
    context.close()


def outside(page: Any, trap: tuple[str, list[str]]) -> list[str]:
    """Everything that was asked of another machine."""
    return [url for url in page.asked if not url.startswith(LOCAL)] + trap[1]
