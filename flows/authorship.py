"""Authorship of a run: a model's tasks become part of its configuration, its proposals and their cost are kept."""

from __future__ import annotations

from flows.authors import ModelOptions, Proposed, ask_author
from flows.config import RunConfig
from flows.folder import RunFolder, write_atomically
from flows.plan import SPARE
from pipeline.core.doors import Catalog
from pipeline.core.errors import InvalidInputError


def with_author(
    config: RunConfig, author: str, catalog: Catalog, options: ModelOptions
) -> tuple[RunConfig, Proposed | None]:
    """The configuration with the model's tasks given, and what was proposed; unchanged for the procedural author.

    A run that is continued asks again and is answered from the cache, so its configuration stays the same. Raises
    UnknownNameError for an author or robot that does not exist, and a ModelError when the model gives no task.
    """
    robot = catalog.robot(config.robot)
    if author == "procedural" or config.given:
        if config.given and author != "procedural":
            raise InvalidInputError(f"Tasks come from a file or from --author {author}; give one of both.")
        return config, None
    proposed = ask_author(author, catalog, robot, count=config.tasks * SPARE, seed=config.seed, options=options)
    if not proposed.tasks:
        why = "; ".join([*proposed.failed_calls, *(str(r.reasons[0]) for r in proposed.rejections)][:3])
        raise InvalidInputError(f"Author {author!r} proposed no usable task: {why or 'no reason given'}.")
    return config.model_copy(update={"given": proposed.tasks}), proposed


def keep_proposals(folder: RunFolder, proposed: Proposed | None) -> None:
    """Write ``proposals.json`` once; the account of a continued run is that of the run which paid."""
    if proposed is not None and not folder.proposals.exists():
        write_atomically(folder.proposals, proposed.model_dump_json(indent=1))


def kept_proposals(folder: RunFolder) -> Proposed | None:
    """What a model proposed for this run; None when none was asked."""
    if not folder.proposals.exists():
        return None
    return Proposed.model_validate_json(folder.proposals.read_bytes())
