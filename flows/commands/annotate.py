"""``taskloom assets annotate``: cards annotated anew, by geometry or by a model that is shown pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from assets.catalog import LibraryCatalog
from flows.authors import ModelOptions
from flows.commands._assets import AsJson, Names, chosen, progress_bar
from flows.stdout import stdout_to_stderr
from pipeline.asking.meter import Account
from pipeline.core.asset import AssetSpec
from pipeline.core.errors import BudgetError, InvalidInputError, TaskloomError

OPTIONS = ModelOptions.model_fields


def annotate(
    names: Names = None,
    every: Annotated[bool, typer.Option("--all", help="All assets.")] = False,
    author: Annotated[
        Literal["procedural", "model"], typer.Option(help="Geometry alone, or a model that is shown pictures.")
    ] = "procedural",
    model: Annotated[str | None, typer.Option(help=OPTIONS["model"].description)] = None,
    budget_usd: Annotated[float | None, typer.Option(min=0, help=OPTIONS["budget_usd"].description)] = None,
    budget_tokens: Annotated[int | None, typer.Option(min=0, help=OPTIONS["budget_tokens"].description)] = None,
    repairs: Annotated[int, typer.Option(min=0, max=10, help="How often a model may correct a wrong answer.")] = 2,
    cassette: Annotated[Path | None, typer.Option(help="Recorded answers to use instead of asking a model.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Ask the model even for cards it has changed already.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Annotate cards anew. Every changed field's author is recorded; a model's wrong values go back to it with reasons.

    Replies of a model are kept, and cards that it has changed are not shown to it again: the same command costs nothing
    the second time, and goes on where it was stopped. Exit code 1 when an asset could not be annotated; its card stays.
    When the budget would not bear another call, the assets that are left are not asked for.

    Example: `taskloom assets annotate mug --author model --budget-usd 0.50 --dry-run`
    """
    from flows import annotation
    from pipeline.asking.ask import Asker

    catalog = LibraryCatalog()
    if not names and not every:
        raise InvalidInputError("Name the assets to annotate, or give --all.")
    wanted, told = chosen(catalog, names), dict[str, dict[str, object]]()
    named = model or annotation.DEFAULT_MODEL
    options = ModelOptions(model=model, budget_usd=budget_usd, budget_tokens=budget_tokens)
    meter = annotation.metered_model(options, tape=cassette) if author == "model" else None
    asker = Asker(meter, repairs=repairs) if meter is not None else None
    try:
        with progress_bar(len(wanted)) as progress, stdout_to_stderr():
            for name in wanted:
                progress(name)
                spec = catalog.asset(name)
                if asker is not None and not again and annotation.annotated_by(spec, named):
                    told[name] = {"changed": {}, "error": ""}
                    continue
                try:
                    new = (
                        annotation.by_geometry(spec, catalog)
                        if asker is None
                        else annotation.by_model(spec, catalog, asker, model=named)
                    )
                except TaskloomError as error:
                    told[name] = {"changed": {}, "error": str(error)}
                    if isinstance(error, BudgetError):
                        break
                    continue
                changed = _changes(spec, new)
                told[name] = {"changed": changed, "error": ""}
                if changed and not dry_run:
                    annotation.save_card(new, catalog)
    finally:
        if asker is not None:
            asker.close()
    account = meter.total if meter is not None else Account()
    _tell(told, account, left=len(wanted) - len(told), as_json=as_json)
    if any(one["error"] for one in told.values()):
        raise typer.Exit(1)


def _changes(old: AssetSpec, new: AssetSpec) -> dict[str, str]:
    """Who changed which field (dotted)."""
    before, after = old.model_dump(), new.model_dump()
    return {
        field: who
        for field, who in new.authors.items()
        if old.authors.get(field) != who or _value(before, field.split(".")) != _value(after, field.split("."))
    }


def _value(card: Any, path: list[str]) -> Any:
    """What a dotted field holds, of a list that of every entry."""
    if not path or card is None:
        return card
    if isinstance(card, (list, tuple)):
        return [_value(entry, path) for entry in card]
    return _value(card.get(path[0]), path[1:])


def _tell(told: dict[str, dict[str, object]], account: Account, *, left: int, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"assets": told, "not_asked": left, "account": account.model_dump()}, indent=1))
        return
    for name, one in told.items():
        changed = one["changed"]
        assert isinstance(changed, dict)
        what = one["error"] or ", ".join(f"{k} by {v}" for k, v in changed.items()) or "nothing to change"
        typer.echo(f"{name}: {what}")
    if left:
        typer.echo(f"{left} further assets were not asked for")
    if account.calls or account.cached:
        cost = "price unknown" if account.usd is None else f"${account.usd:.4f}"
        typer.echo(f"{account.calls} calls, {account.cached} from the cache, {account.usage.tokens} tokens, {cost}")
