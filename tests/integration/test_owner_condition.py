"""The storage contract fails if the owner condition is removed from OwnedTable."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from adapters.django_orm.repositories.repository import OwnedTable
from adapters.django_orm.storage import Storage
from domain.errors import Unavailable
from tests.contracts.cases import CASES, Case, admitted
from tests.contracts.owned_repository import OwnedRepositoryContract

if TYPE_CHECKING:
    from django.db import models

CONTRACT = OwnedRepositoryContract()
CHECKS: list[Callable[..., Awaitable[None]]] = [
    CONTRACT.test_entity_of_another_owner_cannot_be_read,
    CONTRACT.test_entity_of_another_owner_is_not_listed,
    CONTRACT.test_entity_of_another_owner_cannot_be_changed,
    CONTRACT.test_entity_of_another_owner_cannot_be_removed,
]
every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("test_"))
every_kind = pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)


@pytest.fixture
def without_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_rows(table: OwnedTable[Any]) -> models.QuerySet[Any, Any]:
        return table.model._default_manager.all()

    monkeypatch.setattr(OwnedTable, "_owned_rows", property(all_rows))


@every_check
@every_kind
async def test_with_the_condition_the_check_passes(
    lent_storage: Storage, case: Case, check: Callable[..., Awaitable[None]]
) -> None:
    owner, stranger = [await admitted(lent_storage, case.entity) for _ in range(2)]
    await check(lent_storage, owner, stranger, case)


@every_check
@every_kind
async def test_without_the_condition_the_check_fails(
    without_condition: None, lent_storage: Storage, case: Case, check: Callable[..., Awaitable[None]]
) -> None:
    owner, stranger = [await admitted(lent_storage, case.entity) for _ in range(2)]
    # A removal fails at its revision: the other owner already has one with this number.
    with pytest.raises((AssertionError, pytest.fail.Exception, Unavailable)):
        await check(lent_storage, owner, stranger, case)
