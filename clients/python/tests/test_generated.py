"""The plain client is what the generator makes of the one for asyncio."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

GENERATOR = Path(__file__).parents[1] / "generate.py"


def generator() -> Any:
    spec = importlib.util.spec_from_file_location("generate", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_plain_client_is_current() -> None:
    made = generator().modules()
    for path, text in made.items():
        assert path.read_text() == text, f"{path.name} is out of date: {sys.executable} clients/python/generate.py"
    folder = next(iter(made)).parent
    assert {path.name for path in folder.glob("*.py")} == {path.name for path in made} | {"__init__.py"}


def test_nothing_of_asyncio_is_left() -> None:
    for path in (GENERATOR.parent / "src" / "goatfish" / "sync_api").glob("*.py"):
        words = path.read_text().replace("async_api", "").lower()
        assert "async" not in words, path.name
        assert "await" not in words, path.name
