"""Keeps Django out of the unit tests."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class _NoDjango:
    """Refuses to import Django. Otherwise factory_boy would load it, because it is installed."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "django":
            raise ImportError("unit tests run without Django")
        return None


sys.meta_path.insert(0, _NoDjango())
