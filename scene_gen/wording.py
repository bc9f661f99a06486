"""The same instruction in other words: verbs and turns of phrase that leave what is asked untouched."""

from __future__ import annotations

import re

import numpy as np

OPENINGS = ("", "", "Please ", "Now ", "Can you ")
VERBS = {
    "put": ("put", "place", "set"),
    "place": ("place", "put", "set"),
    "stack": ("stack", "pile"),
    "push": ("push", "slide", "move"),
    "open": ("open", "pull open"),
    "close": ("close", "shut"),
    "pick up": ("pick up", "lift", "take"),
}
PHRASES = {"next to": ("next to", "beside"), "on top of": ("on top of", "onto"), "into": ("into", "in")}


def reword(instruction: str, stream: np.random.Generator) -> str:
    """A random variant of an English instruction; one whose verb is not known changes in its opening only."""
    text = instruction[:1].lower() + instruction[1:]
    for words in (VERBS, PHRASES):
        for word, ways in words.items():
            pattern = rf"^{word}\b" if words is VERBS else rf"\b{word}\b"
            if re.search(pattern, text):
                text = re.sub(pattern, ways[int(stream.integers(len(ways)))], text, count=1)
                break
    opening = OPENINGS[int(stream.integers(len(OPENINGS)))]
    if opening == "Can you ":
        text = text.rstrip(".") + "?"
    return opening + text if opening else text[:1].upper() + text[1:]
