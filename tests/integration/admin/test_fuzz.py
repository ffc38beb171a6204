"""Fuzzes the admin as an operator with view permissions only; ``./run fuzz`` runs longer."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from adapters.django_orm.models import (
    ApiKeyRow,
    Operator,
    OwnerRow,
    SimulationRow,
)
from tests.contracts.http_client import Running
from tests.fuzz.admin import Figures, forget_attempts, send_requests, viewer
from tests.integration.admin.admin_client import ADDRESS

REQUESTS = 150
PAGES = 40  # of 56


@pytest.mark.usefixtures("quick_passwords")
def test_random_requests_of_a_viewer_change_nothing_and_cause_no_500(running: Running) -> None:
    figures, who = Figures(), viewer()
    try:
        send_requests(running.client(address=ADDRESS), who, requests=REQUESTS, start=11, figures=figures)
    finally:
        forget_attempts()
        for model in (ApiKeyRow, OwnerRow, SimulationRow, Operator, Group):
            model._default_manager.filter(pk__in=who.of(model)).delete()
        connection.close()
    assert figures.requests == REQUESTS
    assert len(figures.pages) >= PAGES, figures
    assert {status for _, _, status in figures.counts} >= {200, 302, 400, 403, 404, 405}
