"""Lexicon: what things are called elsewhere, and which words of ours come nearest, as plain English data."""

from __future__ import annotations

import re

# Each word with those that may stand in for it, nearest first; what a task needs of a thing decides among them.
KIN: dict[str, tuple[str, ...]] = {
    "apple": ("fruit", "food"),
    "ashcan": ("basket", "bin", "box"),
    "backpack": ("bag", "box"),
    "basket": ("bin", "crate", "box", "tray"),
    "book": ("book", "box"),
    "bottle": ("bottle", "jar"),
    "bowl": ("bowl", "dish", "cup"),
    "box": ("box", "carton", "gift"),
    "bucket": ("basket", "bowl", "pot"),
    "butter": ("box", "food"),
    "cabinet": ("cabinet", "chest", "cupboard"),
    "caddy": ("tray", "basket", "box"),
    "can": ("jar", "cup", "glass", "pot"),
    "candle": ("jar", "cup", "shaker"),
    "carton": ("box", "carton", "milk"),
    "cheese": ("box", "food"),
    "chip": ("box", "food"),
    "container": ("box", "basket", "bowl", "tray"),
    "cookie": ("box", "gift", "food"),
    "cube": ("block", "cube"),
    "cup": ("cup", "mug", "glass"),
    "dish": ("dish", "plate", "bowl"),
    "drawer": ("chest", "cabinet"),
    "dressing": ("bottle", "shaker", "jar"),
    "faucet": ("sink", "faucet"),
    "food": ("food", "box"),
    "frypan": ("pan", "pot", "bowl"),
    "glass": ("glass", "cup"),
    "gift": ("gift", "box"),
    "jar": ("jar", "pot", "bottle"),
    "juice": ("carton", "bottle", "glass"),
    "kettle": ("pot", "jar", "cup"),
    "ketchup": ("bottle", "shaker"),
    "knife": ("knife", "cutlery"),
    "lid": ("plate", "dish"),
    "microwave": ("microwave", "oven"),
    "milk": ("carton", "bottle"),
    "mug": ("mug", "cup"),
    "notebook": ("book",),
    "oven": ("oven", "microwave", "stove"),
    "package": ("box", "gift"),
    "pan": ("pot", "bowl"),
    "plaything": ("toy", "block"),
    "plate": ("plate", "dish", "board"),
    "platter": ("plate", "tray"),
    "pop": ("bottle", "glass", "cup"),
    "pot": ("pot", "jar", "cup"),
    "pudding": ("box", "gift", "food"),
    "rack": ("shelf", "rack"),
    "ramekin": ("dish", "bowl", "cup", "jar", "pot", "box"),
    "refrigerator": ("fridge",),
    "rag": ("towel", "cloth"),
    "sandwich": ("food", "box"),
    "sauce": ("bottle", "jar", "shaker", "cup"),
    "saucer": ("plate", "dish"),
    "shelf": ("shelf", "rack"),
    "shoe": ("shoes", "sneakers"),
    "soap": ("dispenser", "bottle", "box"),
    "soup": ("jar", "cup", "glass", "pot"),
    "spoon": ("spoon", "cutlery"),
    "stove": ("stove", "cooktop", "oven"),
    "toy": ("toy", "block"),
    "tray": ("tray", "basket", "box"),
    "wine": ("bottle", "glass"),
}
# A can of soup is a can; the container is what the hand meets.
COMES_IN: dict[str, str] = {"alphabet soup": "can", "tomato sauce": "can", "black book": "book", "yellow book": "book"}
PLURALS = {"cookies": "cookie", "books": "book", "shoes": "shoe", "knives": "knife"}
GROUNDS = frozenset({"table", "floor", "countertop", "counter", "desk"})
AGENTS = frozenset({"agent", "robot"})


def words(category: str) -> tuple[str, ...]:
    """``akita_black_bowl`` or ``bowl.n.01`` as words, without sense numbers."""
    plain = re.sub(r"\.[a-z]\.\d+", "", category.lower())
    return tuple(w for w in re.findall(r"[a-z]+", plain) if len(w) > 1)


def phrases(category: str) -> tuple[str, ...]:
    """The category's words and every ending of them, longest first: black bowl, bowl."""
    found = words(category)
    return tuple(" ".join(found[i:]) for i in range(len(found)))


def head(category: str) -> str:
    """The last word, which says what kind of thing it is; in the singular."""
    found = words(category)
    last = found[-1] if found else category.lower()
    return PLURALS.get(last, last)


def kin(category: str) -> tuple[str, ...]:
    """Words for what may stand in, nearest first; empty for a category that the lexicon does not know."""
    comes_in = COMES_IN.get(" ".join(words(category)))
    first = (comes_in, *KIN.get(comes_in, ())) if comes_in else ()
    return tuple(dict.fromkeys((*first, *KIN.get(head(category), ()))))


def is_ground(category: str) -> bool:
    """Whether the category is what everything stands on: a table, or the floor."""
    return head(category) in GROUNDS


def identifier(name: str) -> str:
    """An instance's name as a formula of ours may write it: ``bowl.n.01_1`` is ``bowl_1``."""
    plain = re.sub(r"\.[a-z]\.\d+", "", name.lower())
    text = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return text if text[:1].isalpha() else f"x_{text}"
