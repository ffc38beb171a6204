"""Fixtures: an operator, a signed-in client, and an owner."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection
from pytest_django import DjangoDbBlocker

from adapters.django_orm import management
from adapters.django_orm.models import Operator, OwnerRow
from tests.contracts.http_client import Running
from tests.integration.admin.admin_client import (
    OWNERS,
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


@pytest.fixture(scope="module")
def running(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Running]:
    """One application for the tests of a module; each of them has operators and owners of its own."""
    with django_db_blocker.unblock(), service(committing_storage()) as running:
        yield running


@pytest.fixture
def operator_browser(running: Running, operator: Operator) -> OperatorBrowser:
    """The operator, signed in."""
    browser = operator_client(running, username=operator.username)
    assert browser.sign_in().status_code == 302
    return browser


@pytest.fixture
def owner(operator_browser: OperatorBrowser) -> OwnerRow:
    """A new owner, created in the admin."""
    name = f"Acme {uuid4().hex[:8]}"
    made = operator_browser.send(f"{OWNERS}/add/", name=f"  {name} ")
    row = OwnerRow.objects.get(name=name)
    assert made.headers["location"] == f"{OWNERS}/{row.pk}/change/"
    return row
