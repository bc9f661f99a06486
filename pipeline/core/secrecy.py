"""Secrets of this process: which values of the environment are secret, and text without them."""

from __future__ import annotations

import os
import re
import traceback
import urllib.parse

NAMES = re.compile(r"(^|_)(API_?KEY|ACCESS_KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|AUTH_STRING)(_|$)", re.IGNORECASE)
SHORTEST = 8  # characters; anything shorter would black out words that are no secret
MASK = "***"
ERROR_TEXTS = ("strerror", "filename", "filename2")  # of OSError, which does not keep them in its dictionary


def secrets() -> tuple[str, ...]:
    """Values of variables named like a key, token or password, and passwords within URLs; the longest first."""
    found = set[str]()
    for name, value in os.environ.items():
        if NAMES.search(name):
            found.add(value.strip())
            found.update(value.split(":")[1:])  # user:password
        elif "://" in value and "@" in value:
            found.add(_password(value))
    whole = {s for s in found if len(s) >= SHORTEST}
    return tuple(sorted(whole | {urllib.parse.quote(s, safe="") for s in whole}, key=len, reverse=True))


def without_secrets(text: str) -> str:
    """The text with a mask in place of every secret."""
    for secret in secrets():
        text = text.replace(secret, MASK)
    return text


def redact_error(error: BaseException) -> BaseException:
    """The same error, changed so that neither it nor what led to it shows a secret; another one where that fails."""
    seen, todo = set[int](), [error]
    while todo:
        one = todo.pop()
        if id(one) not in seen:
            seen.add(id(one))
            _redact_one(one)
            todo += [e for e in (one.__cause__, one.__context__) if e is not None]
            todo += getattr(one, "exceptions", ())
    told = "".join(traceback.format_exception(error))
    if told == without_secrets(told):
        return error
    return RuntimeError(without_secrets(f"{type(error).__name__}: {error}"))


def _redact_one(error: BaseException) -> None:
    error.args = tuple(_redacted(value) for value in error.args)
    for name, value in vars(error).items():
        if (clean := _redacted(value)) is not value:
            setattr(error, name, clean)
    for name in ERROR_TEXTS:
        if isinstance(value := getattr(error, name, None), str):
            setattr(error, name, without_secrets(value))


def _redacted(value: object) -> object:
    """The value itself when it shows no secret, else its redacted text."""
    if isinstance(value, BaseException):
        return value
    text = value if isinstance(value, str) else repr(value)
    clean = without_secrets(text)
    return value if clean == text else clean


def _password(url: str) -> str:
    try:
        return urllib.parse.unquote(urllib.parse.urlsplit(url).password or "")
    except ValueError:
        return ""
