"""Keeps Django out of the unit tests; and a world of webhooks for those of delivering."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest


class _NoDjango:
    """Refuses to import Django. Otherwise factory_boy would load it, because it is installed."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "django":
            raise ImportError("unit tests run without Django")
        return None


sys.meta_path.insert(0, _NoDjango())

from tests.unit.delivering import World  # noqa: E402 -- it loads factory_boy, which is to find no Django


@pytest.fixture
async def world() -> World:
    """An owner with webhooks, in memory."""
    world = World()
    await world.begin()
    return world
