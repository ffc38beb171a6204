"""The application on in-memory storage, with the test entities Material and Specimen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from adapters.in_memory.storage import Storage
from domain.access.scopes import Scope
from domain.registry import ENTITIES
from tests.catalogue import catalogue_restored
from tests.contracts.http_api import Service, serving
from tests.specimens import Material, Specimen

ENTITIES_AND_SPECIMENS: Any = (*ENTITIES, Material, Specimen)


def _add_scope(scope: str, patch: pytest.MonkeyPatch) -> None:
    """Adds a scope until the patch is undone; iterating over Scope does not yield it."""
    member = str.__new__(Scope, scope)
    member._name_, member._value_ = scope.upper().replace(":", "_"), scope
    patch.setitem(Scope._value2member_map_, scope, member)


@contextmanager
def serving_specimens() -> Iterator[Service]:
    """Serves the application with the test entities beside the product's own."""
    with catalogue_restored(), pytest.MonkeyPatch.context() as patch:
        for module in ("app.container", "adapters.in_memory.storage"):
            patch.setattr(f"{module}.ENTITIES", ENTITIES_AND_SPECIMENS)
        for entity in (Material, Specimen):
            for verb in ("read", "write"):
                _add_scope(f"{entity.PLURAL}:{verb}", patch)
        with serving(Storage()) as service:
            yield service
