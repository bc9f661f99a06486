"""Flows, tasks and simulator processes that keep secrets out of logs, states, results and pages."""

from __future__ import annotations

import functools
import inspect
import logging
import traceback
from collections.abc import Callable
from typing import IO, Any, ParamSpec, TypeVar

from pipeline.core.secrecy import redact_error, without_secrets

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def keeps_secrets(step: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Wrap the function of a flow or a task, below Prefect's decorator.

    From its first call on, log records of the process show no secret; errors that it raises do not either.
    """

    @functools.wraps(step)
    def wrapped(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        keep_secrets_out_of_logs()
        try:
            return step(*args, **kwargs)
        except Exception as error:
            safe = redact_error(error)
            if safe is error:
                raise
        raise safe from None

    # Prefect reads the parameters of a form from the function, in whose module alone their types have names.
    vars(wrapped)["__signature__"] = inspect.signature(step, eval_str=True)
    wrapped.__annotations__ = inspect.get_annotations(step, eval_str=True)
    return wrapped


def keep_secrets_out_of_logs() -> None:
    """Have every log record of this process made without secrets: in words, values and tracebacks."""
    make = logging.getLogRecordFactory()
    if getattr(make, "keeps_secrets", False):
        return

    def secretive(*args: Any, **kwargs: Any) -> logging.LogRecord:
        return _redacted(make(*args, **kwargs))

    secretive.keeps_secrets = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(secretive)


class SecretiveStream:
    """A text stream whose writes show no secret."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text without secrets."""
        self._stream.write(without_secrets(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _redacted(record: logging.LogRecord) -> logging.LogRecord:
    try:
        text = record.getMessage()
    except Exception:
        return record  # the handler says which call was wrong
    if (clean := without_secrets(text)) != text:
        record.msg, record.args = clean, ()
    if record.exc_info and record.exc_info[1] is not None:
        told = "".join(traceback.format_exception(record.exc_info[1]))
        if (clean := without_secrets(told)) != told:
            record.exc_info, record.exc_text = None, clean
    return record
