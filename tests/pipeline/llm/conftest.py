"""Every test of a model client has a key, and calls never leave this machine."""

from __future__ import annotations

import pytest

KEY = "sk-test-0123456789-not-a-real-key"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """A key in the environment, and no server but those that a test names."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    return KEY
