"""Authorship of a run: a model's tasks become part of its configuration, its proposals and their cost are kept."""

from __future__ import annotations

from flows.authors import ModelOptions, Wishes, ask_author
from flows.config import RunConfig
from flows.plan import SPARE
from flows.proposed import Proposed
from pipeline.core.doors import Catalog
from pipeline.core.errors import InvalidInputError
from pipeline.core.robot import RobotSpec


def with_author(
    config: RunConfig, author: str, catalog: Catalog, options: ModelOptions, wishes: Wishes | None = None
) -> tuple[RunConfig, Proposed | None]:
    """The configuration with the proposed tasks given, and what was proposed.

    Unchanged for the procedural author without wishes, whose tasks follow from the seed alone. A run that is continued
    asks again and is answered from the cache, so its configuration stays the same. Raises UnknownNameError for an
    author or robot that does not exist, and a ModelError when the model gives no task.
    """
    robot = catalog.robot(config.robot)
    wishes = wishes or Wishes()
    if config.given:
        if author != "procedural" or wishes != Wishes():
            asked = f"--author {author}" if author != "procedural" else "wishes for proposals, such as --outcomes"
            raise InvalidInputError(f"Tasks come from a file or from {asked}; give one of both.")
        return config, None
    if author == "procedural" and wishes == Wishes():
        return config, None
    proposed = _asked(author, catalog, robot, config, options, wishes)
    if not proposed.tasks:
        why = "; ".join([*proposed.failed_calls, *(str(r.reasons[0]) for r in proposed.rejections)][:3])
        raise InvalidInputError(f"Author {author!r} proposed no usable task: {why or 'no reason given'}.")
    return config.model_copy(update={"given": proposed.tasks}), proposed


def _asked(
    author: str, catalog: Catalog, robot: RobotSpec, config: RunConfig, options: ModelOptions, wishes: Wishes
) -> Proposed:
    """With spare tasks, where a library affords that many; the procedural author keeps to the run's families."""
    if author == "procedural":
        wishes = wishes.model_copy(update={"families": config.families})

    def ask(count: int) -> Proposed:
        return ask_author(author, catalog, robot, count=count, seed=config.seed, options=options, wishes=wishes)

    try:
        return ask(config.tasks * SPARE)
    except InvalidInputError:
        return ask(config.tasks)
