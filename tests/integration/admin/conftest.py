"""Fixtures: an operator, a signed-in client, and an owner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from pytest_django import DjangoDbBlocker

from adapters.django_orm import management
from adapters.django_orm.models import Operator, OwnerRow
from app.container import Container
from config.loading import load
from domain.write_context import WriteContext
from tests.contracts.http_client import Running
from tests.integration.admin.admin_client import (
    PASSWORD,
    OperatorBrowser,
    operator_client,
    service,
)
from tests.integration.conftest import COMMITTING, MakeStorage, committing_storage


@pytest.fixture
def committing(request: pytest.FixtureRequest) -> MakeStorage:
    """Storage that commits, as in production."""
    make: MakeStorage = request.getfixturevalue(COMMITTING)
    return make


@pytest.fixture
def operator(quick_passwords: None, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Operator]:
    """An operator with all permissions, committed to the database."""
    with django_db_blocker.unblock():
        name = f"boss-{uuid4().hex[:8]}"
        management.create_operator(name, PASSWORD)
        yield Operator.objects.get(username=name)
        Operator.objects.filter(username=name).delete()
        apps.get_model("axes", "AccessAttempt").objects.filter(username=name).delete()
        connection.close()


@pytest.fixture(scope="package")
def container(django_db_setup: None) -> Container:
    """What the tests are served from; each of them has operators and owners of its own."""
    return Container(settings=load(), storage=committing_storage())


@pytest.fixture(scope="package")
def running(container: Container, django_db_blocker: DjangoDbBlocker) -> Iterator[Running]:
    with django_db_blocker.unblock(), service(container) as running:
        yield running


@pytest.fixture
def operator_browser(running: Running, operator: Operator) -> OperatorBrowser:
    """The operator, signed in."""
    client = Client(headers={"host": "localhost"})
    client.force_login(operator)
    browser = operator_client(running, username=operator.username)
    browser.http.cookies.set("sessionid", client.cookies["sessionid"].value)
    return browser


@pytest.fixture
def owner(running: Running, container: Container, operator: Operator) -> OwnerRow:
    """A new owner, created by the operator."""
    context = WriteContext(actor=f"operator:{operator.username}", request_id=uuid4().hex, at=datetime.now(UTC))
    made = running.call(lambda: container.operators.owners().create(f"Acme {uuid4().hex[:8]}", context))
    return OwnerRow.objects.get(pk=made.id)
