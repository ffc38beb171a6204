"""A first look for requests that make the admin fail, or change anything; ``./run fuzz`` looks longer."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from pytest_django import DjangoDbBlocker

from adapters.django_orm.models import (
    ApiKeyRow,
    Operator,
    OwnerRow,
    SimulationRow,
)
from tests.fuzz.admin import Figures, forget_attempts, look, looker
from tests.integration.admin.admin_client import desk, service
from tests.integration.conftest import MakeStorage

REQUESTS = 150
PAGES = 40  # of 56


@pytest.mark.usefixtures("quick_passwords", "django_db_setup")
def test_whoever_may_only_look_changes_nothing_and_makes_nothing_fail(
    committing: MakeStorage, django_db_blocker: DjangoDbBlocker
) -> None:
    figures = Figures()
    with django_db_blocker.unblock():
        who = looker()
        try:
            with desk(service(committing()), username="") as sitting:
                look(sitting.http, who, requests=REQUESTS, start=10, figures=figures)
        finally:
            forget_attempts()
            for model in (ApiKeyRow, OwnerRow, SimulationRow, Operator, Group):
                model._default_manager.filter(pk__in=who.of(model)).delete()
    assert figures.requests == REQUESTS
    assert len(figures.pages) >= PAGES, figures
    assert {status for _, _, status in figures.tried} >= {200, 302, 400, 403, 404, 405}
