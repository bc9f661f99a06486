"""Export a dataset to the format of a trainer: ``export_dataset`` with any of ``EXPORTERS``."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from pipeline.core.errors import DatasetError, InvalidInputError, UnknownNameError
from pipeline.core.registry import Registry
from pipeline.dataset.exporters._exporter import Exporter, Options
from pipeline.dataset.exporters._keys import parse_keys
from pipeline.dataset.exporters._place import new_place
from pipeline.dataset.exporters._request import ExportReport, ExportRequest
from pipeline.dataset.exporters._selection import Selection, select
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.splits import SPLITS

__all__ = ["EXPORTERS", "ExportReport", "ExportRequest", "export_dataset", "export_request"]

EXPORTERS: Registry[Exporter[Any]] = Registry("pipeline.dataset.exporters", "export format")


def export_dataset(
    reader: DatasetReader,
    out: Path,
    *,
    format: str,
    request: ExportRequest | None = None,
    options: Mapping[str, Any] | None = None,
    replace: bool = False,
    tell: Callable[[int, int], None] | None = None,
) -> ExportReport:
    """Write the episodes that ``request`` asks for as ``format`` to ``out``, whole or not at all.

    ``options`` are the format's own. ``replace`` allows an earlier export of the same format there to go. ``tell`` is
    called before each episode with its number and their count. Memory holds about an episode, however many there are.
    Raises :class:`UnknownNameError` and :class:`InvalidInputError` for what is asked wrongly, :class:`OutputError` for
    a place that is taken or cannot be written, :class:`DatasetError` for data that is damaged or a missing package.
    """
    exporter = EXPORTERS.get(format)
    _need(format, exporter)
    own = parse_options(format, exporter, options or {})
    selection = _mapped(exporter, own, select(reader, request or ExportRequest()))
    count = len(selection)
    replacing = exporter.recognises if replace else None
    with new_place(out, source=reader.place, file=exporter.file, replacing=replacing) as place:
        exporter.write(selection, place, own, lambda number: tell(number, count) if tell else None)
    return _report(format, out, selection, own)


def export_request(*, keys: Iterable[str] | None = None, **asked: Any) -> ExportRequest:
    """What is asked, from words: ``keys`` as :func:`parse_keys` reads them, the rest fields of a request."""
    try:
        return ExportRequest(keys=None if keys is None else parse_keys(keys), **asked)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInputError(f"The {first['loc'][0]} {first['input']!r} does not fit: {first['msg']}.") from error


def parse_options(format: str, exporter: Exporter[Any], options: Mapping[str, Any]) -> Options:
    """The format's own options, from values or text; raises naming what is allowed."""
    fields = exporter.options.model_fields
    for name in options:
        if name not in fields:
            raise UnknownNameError(f"option of the format {format!r}", name, fields)
    try:
        return exporter.options.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        meaning = fields[str(first["loc"][0])].description if first["loc"] else ""
        raise InvalidInputError(
            f"The option {name}={first['input']!r} of the format {format!r} does not fit: {first['msg']}. "
            f"It means: {meaning}."
        ) from error


def _need(format: str, exporter: Exporter[Any]) -> None:
    missing = [name for name in exporter.needs if importlib.util.find_spec(name) is None]
    if missing:
        raise DatasetError(
            f"The format {format!r} needs {', '.join(missing)}, not installed here: install the extra 'export' "
            "(pip install -e '.[export]')."
        )


def _mapped(exporter: Exporter[Any], own: Options, selection: Selection) -> Selection:
    """The selection with the keys that were asked for, or the format's own; an action is never left out."""
    selection = exporter.derive(selection, own)
    keys = selection.request.keys
    if keys is None:
        return selection.with_keys(exporter.keys(selection, own))
    return selection.with_keys({exporter.action: "action"} | keys)


def _report(format: str, out: Path, selection: Selection, own: Options) -> ExportReport:
    tasks = np.bincount(selection.tasks, minlength=len(selection.reader.tasks))
    names = [task.name for task in selection.reader.tasks]
    files = [out] if out.is_file() else [file for file in out.rglob("*") if file.is_file()]
    return ExportReport(
        format=format,
        place=str(out),
        episodes=len(selection),
        steps=int(selection.ends[-1]),
        hz=selection.hz,
        action=selection.request.action,
        keys={name: source.text for name, source in selection.keys.items()},
        splits={name: int((selection.splits == k).sum()) for k, name in enumerate(SPLITS)},
        tasks={name: int(count) for name, count in zip(names, tasks, strict=True) if count},
        bytes=sum(file.stat().st_size for file in files),
        options=own.model_dump(mode="json"),
    )
