"""Annotate assets: by geometry, or by asking a vision-language model that is shown rendered views."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path

from assets.annotation.anew import annotated_anew
from assets.annotation.model import PROMPT, CardPatch, mistakes, patched, prompt_values
from assets.cards import write_card
from assets.catalog import CARD, LibraryCatalog
from assets.install import swap_folder
from assets.materials import MATERIALS
from flows.asset_cards import views_of
from flows.authors import ModelOptions, reply_cache
from flows.limits import paced
from pipeline.asking.ask import Asker
from pipeline.asking.cache import CachedModel
from pipeline.asking.meter import Budget, MeteredModel, purpose
from pipeline.asking.prompts import Prompt
from pipeline.core.asset import AssetSpec
from pipeline.core.chat import ChatRequest, Picture, Turn
from pipeline.core.errors import InvalidInputError
from pipeline.llm.anthropic import DEFAULT_MODEL, KEYS, anthropic
from pipeline.llm.cassette import cassette


def by_geometry(spec: AssetSpec, catalog: LibraryCatalog) -> AssetSpec:
    """The card with its geometry computed anew, for the gripper of the first robot of the library."""
    robot = catalog.robot("panda" if "panda" in catalog.robots else catalog.robots[0])
    return annotated_anew(spec, catalog.folder(spec), gripper=robot.gripper)


def by_model(spec: AssetSpec, catalog: LibraryCatalog, asker: Asker, *, model: str = DEFAULT_MODEL) -> AssetSpec:
    """The card as the model corrects it.

    Raises ModelReplyError when its values are still wrong after all repairs, BudgetError, or another ModelError.
    """
    views, prompt, known = views_of(spec, catalog), Prompt.load(PROMPT), tuple(MATERIALS)
    words = prompt.render(**prompt_values(spec, views, materials=known))
    pictures = tuple(Picture(png=v.png) for v in views.pictures)
    request = ChatRequest(model=model, turns=(Turn(text=words, pictures=pictures),), max_tokens=2000)
    with purpose(spec.name):
        reply = asker.ask(request, CardPatch, check=partial(mistakes, spec, views, materials=known))
    return patched(spec, views, reply.value, author=f"{reply.model} {_signature(prompt)}")


def annotated_by(spec: AssetSpec, model: str) -> bool:
    """Whether fields of the card are by this model, asked as it would be asked now; asking it again would be paid."""
    signature = _signature(Prompt.load(PROMPT))
    return any(who.startswith(model) and who.endswith(signature) for who in spec.authors.values())


def metered_model(options: ModelOptions, *, tape: Path | None = None) -> MeteredModel:
    """The recorded answers in ``tape``, else the model whose key is in the environment behind the cache of replies.

    Either way every call is booked and the budget is kept. Raises InvalidInputError when neither is there.
    """
    budget = Budget(usd=options.budget_usd, tokens=options.budget_tokens)
    if tape is not None:
        return MeteredModel(cassette(tape), budget)
    if not any(os.environ.get(key) for key in KEYS):
        raise InvalidInputError(
            f"No model is configured: set {' or '.join(KEYS)}, or give recorded answers with --cassette. "
            "The procedural annotator (--author procedural) is the default and needs neither."
        )
    return MeteredModel(CachedModel(paced(anthropic()), reply_cache()), budget)


def save_card(spec: AssetSpec, catalog: LibraryCatalog) -> None:
    """Replace the asset's card, its files untouched; raises OutputError."""
    folder = catalog.folder(catalog.asset(spec.name))

    def fill(new: Path) -> None:
        shutil.copytree(folder, new, ignore=shutil.ignore_patterns(CARD))
        write_card(new, spec)

    swap_folder(folder, fill)


def _signature(prompt: Prompt) -> str:
    return f"({prompt.path} {prompt.sha256[:8]})"
