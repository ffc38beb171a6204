"""The application over memory that keeps specimens too."""

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

PRODUCT: Any = (*ENTITIES, Material, Specimen)


def _may_also(scope: str, patch: pytest.MonkeyPatch) -> None:
    """Makes a scope for as long as the patch lasts; it is not listed among all scopes."""
    member = str.__new__(Scope, scope)
    member._name_, member._value_ = scope.upper().replace(":", "_"), scope
    patch.setitem(Scope._value2member_map_, scope, member)


@contextmanager
def serving_specimens() -> Iterator[Service]:
    """The application over memory, with these entities beside the product's own."""
    with catalogue_restored(), pytest.MonkeyPatch.context() as patch:
        for module in ("app.container", "adapters.in_memory.storage"):
            patch.setattr(f"{module}.ENTITIES", PRODUCT)
        for entity in (Material, Specimen):
            for verb in ("read", "write"):
                _may_also(f"{entity.PLURAL}:{verb}", patch)
        with serving(Storage()) as service:
            yield service
