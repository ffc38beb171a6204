"""``gf``, and the service that it talks to."""

from __future__ import annotations

from typing import Any

import pytest
from clients.python.tests.commands.running import Gf


@pytest.fixture
def gf(monkeypatch: pytest.MonkeyPatch) -> Gf:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TZ", "UTC")
    for name in ("NO_COLOR", "COLUMNS", "GOATFISH_TRACEBACK", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    return Gf(monkeypatch)


@pytest.fixture
def served(real: Any) -> Any:
    """A service that listens."""
    return real


@pytest.fixture
def signed_in(served: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A service that the environment names."""
    monkeypatch.setenv("GOATFISH_URL", served.url)
    monkeypatch.setenv("GOATFISH_KEY", served.key)
    return served
