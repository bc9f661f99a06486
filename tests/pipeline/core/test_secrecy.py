"""What is secret in the environment is found in text and errors, and taken out of them."""

from __future__ import annotations

import traceback

import pytest

from pipeline.core.errors import UnknownNameError
from pipeline.core.secrecy import redact_error, secrets, without_secrets

KEY = "sk-planted-0123456789"


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "admin:correct/horse")
    monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", "postgresql+asyncpg://me:battery%20staple@127.0.0.1/db")
    monkeypatch.setenv("SHORT_TOKEN", "on")


@pytest.mark.parametrize("secret", [KEY, "correct/horse", "correct%2Fhorse", "battery staple", "battery%20staple"])
def test_text_has_a_mask_in_place_of_a_secret(secret: str) -> None:
    assert without_secrets(f"said {secret}, twice: {secret}") == "said ***, twice: ***"


def test_words_that_are_no_secrets_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKLOOM_RUNS", "/a/folder/of/runs")
    monkeypatch.setenv("KEYBOARD", "qwertyuiop")
    text = "on /a/folder/of/runs with qwertyuiop by me@127.0.0.1"
    assert without_secrets(text) == text
    assert "on" not in secrets()


def test_an_error_and_what_led_to_it_lose_the_secret_and_keep_their_classes() -> None:
    def crash() -> None:
        try:
            raise OSError(2, f"no {KEY}", f"/folder/{KEY}")
        except OSError as error:
            raise UnknownNameError("key", KEY, ["a"]) from error

    with pytest.raises(UnknownNameError) as caught:
        crash()
    safe = redact_error(caught.value)
    assert safe is caught.value
    told = "".join(traceback.format_exception(safe))
    assert KEY not in told
    assert "Unknown key '***'" in told
    assert "/folder/***" in told


def test_values_within_an_error_are_looked_into() -> None:
    error = redact_error(RuntimeError({"env": {"ANTHROPIC_API_KEY": KEY}}, 3))
    assert error.args == ("{'env': {'ANTHROPIC_API_KEY': '***'}}", 3)


def test_an_error_that_shows_a_secret_whatever_is_done_is_replaced() -> None:
    class Stubborn(Exception):
        def __str__(self) -> str:
            return f"always {KEY}"

    assert str(redact_error(Stubborn())) == "Stubborn: always ***"
