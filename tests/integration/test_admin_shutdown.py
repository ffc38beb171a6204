"""Stopping the service closes the connections of the admin, too.

Apart, as no other application may run in this process: SQLite keeps file handles open while another connection is.
"""

from __future__ import annotations

from uuid import uuid4

from django.db import connection

from adapters.django_orm.models import Operator
from app.container import Container
from config.loading import load
from tests.integration.admin.admin_client import OWNERS, open_connections, operator_client, service
from tests.integration.admin.conftest import committing, operator
from tests.integration.conftest import MakeStorage
from tests.restartable import wait_until

__all__ = ["committing", "operator"]


def test_shutdown_closes_every_connection(committing: MakeStorage, operator: Operator) -> None:
    connection.close()
    before = open_connections()
    with service(Container(settings=load(), storage=committing())) as running:
        browser = operator_client(running, username=operator.username)
        browser.sign_in()
        assert browser.send(f"{OWNERS}/add/", name=f"Acme {uuid4().hex}").headers["location"].startswith(OWNERS)
        assert browser.http.get("/readyz").status_code == 200
        assert open_connections() > before
    connection.close()
    # Some of before may have been those of an earlier test, on their way to end.
    wait_until(lambda: open_connections() <= before, "its connections are closed")
