"""Searches for requests that make the admin fail, or that change data although the operator is read-only.

``python -m tests.fuzz.admin sqlite|postgresql [seconds [seed]]`` runs it on its own service.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    from django.db.models import Model

    from tests.fuzz.admin_requests import Sent

CSRF = "c" * 32
ROUND = 200  # requests between two comparisons of the database
LEAVE_OUT = {"django_session", "axes_accessattempt"}  # tables that unauthenticated requests change as well


@dataclass
class Figures:
    """The number of requests by page, method and status."""

    counts: Counter[tuple[str, str, int]] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        return self.counts.total()

    @property
    def pages(self) -> set[str]:
        return {page for page, _, _ in self.counts}

    def __str__(self) -> str:
        def table(place: int) -> str:
            numbers: Counter[Any] = Counter()
            for key, number in self.counts.items():
                numbers[key[place]] += number
            return ", ".join(f"{name} {number}" for name, number in sorted(numbers.items()))

        return f"{self.requests} requests to {len(self.pages)} pages. By method: {table(1)}. By status: {table(2)}."


@dataclass(frozen=True)
class Viewer:
    """A read-only operator with the session ``cookie``, and existing rows."""

    cookie: str
    rows: list[Model]

    @property
    def known(self) -> list[str]:
        return [str(row.pk) for row in self.rows]

    def of(self, kind: type[Model]) -> list[Any]:
        """The primary keys of the rows of this kind."""
        return [row.pk for row in self.rows if isinstance(row, kind)]


def viewer() -> Viewer:
    """Creates a read-only operator, and rows that it may view."""
    from django.contrib.auth.models import Group, Permission
    from django.test import Client

    from adapters.django_orm.models import Operator
    from tests.integration.factories import KeyRowFactory, SimulationRowFactory

    mark = secrets.token_hex(4)
    may_view = Permission.objects.filter(codename__startswith="view_")
    operator = Operator.objects.create(username=f"viewer-{mark}", is_staff=True)
    operator.user_permissions.set(may_view)
    boss = Operator.objects.create(username=f"boss-{mark}", is_staff=True, is_superuser=True)
    group = Group.objects.create(name=f"readers-{mark}")
    key, simulation = KeyRowFactory.create(), SimulationRowFactory.create()
    client = Client(headers={"host": "localhost"})
    client.force_login(operator)
    return Viewer(client.cookies["sessionid"].value, [key, key.owner, simulation, operator, boss, group])


def send_requests(http: httpx2.Client, who: Viewer, *, requests: int, start: int, figures: Figures) -> None:
    """Sends this many random requests. Raises if one fails or hangs, or if data has changed."""
    from tests.fuzz.admin_requests import Requests

    before = state()
    chosen = Requests(who.known, Random(start))
    for _ in range(requests):
        sent = chosen.next()
        answer = _send(http, who, sent)
        figures.counts[sent.page, sent.method, answer.status_code] += 1
        assert answer.status_code < httpx2.codes.INTERNAL_SERVER_ERROR, f"{answer.status_code} to {sent}"
    changed = {table for table, digest in state().items() if before[table] != digest}
    assert not changed, f"a read-only operator has changed {changed}"


def _send(http: httpx2.Client, who: Viewer, sent: Sent) -> httpx2.Response:
    headers = {"Host": "localhost", "X-CSRFToken": CSRF, **sent.headers}
    headers["Cookie"] = "; ".join(filter(None, [f"sessionid={who.cookie}", f"csrftoken={CSRF}", sent.cookie]))
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    http.cookies.clear()
    return http.request(sent.method, sent.address, headers=raw, content=sent.body, follow_redirects=False)


def state() -> dict[str, str]:
    """A digest of every table, ignoring the operators' last login."""
    from django.apps import apps

    found = {}
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if table not in LEAVE_OUT:
            names = [each.attname for each in model._meta.concrete_fields if each.name != "last_login"]
            rows = model._base_manager.order_by("pk").values_list(*names)
            found[table] = hashlib.sha256(repr(list(rows)).encode()).hexdigest()
    return found


def forget_attempts() -> None:
    """Clears failed logins, so that this address can try again."""
    from django.apps import apps

    apps.get_model("axes", "AccessAttempt").objects.all().delete()


@contextmanager
def database(kind: str) -> Iterator[tuple[str, str]]:
    """The URLs of an empty database, for the service and for operators."""
    from tests.embedded_postgres import Server

    with ExitStack() as stack:
        if kind == "postgresql":
            server = stack.enter_context(Server(in_memory=True))
            yield server.url, server.operator_url
        else:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="goatfish-"))
            yield (f"sqlite:///{directory}/goatfish.sqlite3",) * 2


def main(kind: str, seconds: float, start: int) -> None:
    """Fuzzes for this time, and prints the figures."""
    from tests.running_service import live

    print(f"A read-only operator fuzzes the admin on {kind}: seed {start}", flush=True)  # noqa: T201 -- output of a command
    figures = Figures()
    with database(kind) as (url, operator_url), live(url, operator_url) as service:
        os.environ |= {"GOATFISH_DATABASE_URL": url, "GOATFISH_OPERATOR_DATABASE_URL": operator_url}
        from adapters.django_orm.bootstrap import setup_django

        setup_django()
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        who = viewer()
        end = time.monotonic() + seconds
        with httpx2.Client(base_url=service.url, timeout=20) as http:
            while time.monotonic() < end:
                send_requests(http, who, requests=ROUND, start=start, figures=figures)
                forget_attempts()
                start += 1
    print(figures, flush=True)  # noqa: T201 -- as above


if __name__ == "__main__":
    database_kind, *numbers = sys.argv[1:]
    main(
        database_kind,
        float(numbers[0]) if numbers else 60,
        int(numbers[1]) if len(numbers) > 1 else secrets.randbelow(2**32),
    )
