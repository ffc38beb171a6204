"""Creates the specimen tables in the test database for one test module."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test.utils import override_settings

from adapters.django_orm.row_security.grants import grant
from adapters.django_orm.storage import Storage
from tests.contracts.specimens import WITH_SPECIMENS
from tests.integration.conftest import opened

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker


@pytest.fixture(scope="module")
def specimen_tables(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Installs the Django application of specimens and runs its migration."""
    role = urlsplit(os.environ["GOATFISH_DATABASE_URL"]).username
    installed = [*settings.INSTALLED_APPS, "tests.specimen_tables"]
    with override_settings(INSTALLED_APPS=installed), django_db_blocker.unblock():
        call_command("migrate", "specimen_tables", verbosity=0)
        if role:
            grant(role)
        with django_db_blocker.block():
            yield
        call_command("migrate", "specimen_tables", "zero", verbosity=0)


@asynccontextmanager
async def specimen_storage(product: Storage) -> AsyncIterator[Storage]:
    """This storage, extended by the specimen entities."""
    async with opened(product):
        yield with_specimens(product)


def with_specimens(product: Storage) -> Storage:
    """The same, where the storage is open."""
    storage = Storage(product.executor, entities=WITH_SPECIMENS)
    storage.owners = product.owners
    return storage
