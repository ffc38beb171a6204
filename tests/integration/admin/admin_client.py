"""A client for the admin's pages and forms, and the service that it calls in this process."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import connection
from httpx2 import ASGITransport, AsyncClient

from app.admin_mount import serve_admin
from app.container import Container
from tests.contracts.http_client import Running, in_process
from tests.integration.conftest import VENDOR

if TYPE_CHECKING:
    from httpx2 import Client, Response

    from adapters.django_orm.models import OwnerRow

OWNERS, KEYS, REVISIONS = (f"/admin/goatfish/{model}" for model in ("ownerrow", "apikeyrow", "revisionrow"))
ADDRESS = "192.0.2.1"
PASSWORD = "correct horse battery"
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
_KEY = re.compile(r"gf_\w{14}_\w{49}")


@dataclass
class OperatorBrowser:
    """An operator's HTTP client, which fills in forms."""

    running: Running
    http: Client
    username: str

    @property
    def sender(self) -> ASGITransport:
        """Sends requests concurrently, from coroutines on the application's event loop."""
        return ASGITransport(self.running.app)

    def sign_in(self, password: str = PASSWORD) -> Response:
        return self.send("/admin/login/?next=/admin/", username=self.username, password=password)

    def send(self, path: str, headers: Mapping[str, str] | None = None, **fields: Any) -> Response:
        """Posts this page's form with these fields."""
        return self.http.post(path, data=self.filled(path) | fields, headers=dict(headers or {}))

    def filled(self, path: str) -> dict[str, Any]:
        """The fields of this page's form with their initial values."""
        page = self.http.get(path)
        assert page.status_code == 200, (path, page.status_code, page.text[-2000:])
        return {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}

    def api_accepts(self, key: str) -> bool:
        """Whether the API accepts the key."""
        answer = self.http.get("/api/v1/simulations", headers={"X-API-Key": key})
        assert answer.status_code in {200, 401}, answer.text
        return bool(answer.status_code == 200)


def key_in(answer: Response) -> str | None:
    """The API key on this page, if there is one."""
    found = _KEY.search(answer.text)
    return found[0] if found else None


@contextmanager
def service(container: Container) -> Iterator[Running]:
    """Runs the API of this container with the admin mounted."""
    app = container.api()
    serve_admin(app, container)
    with in_process(app) as running:
        yield running


def operator_client(running: Running, *, base: str = "http://localhost", username: str) -> OperatorBrowser:
    """An operator's client of a running service."""
    return OperatorBrowser(running, running.client(base_url=base, address=ADDRESS), username)


def issue(operator_browser: OperatorBrowser, for_owner: OwnerRow, **fields: Any) -> Response:
    """Issues a key that may read simulations, unless other fields are given."""
    form = {"owner": for_owner.name, "name": "CI", "scopes": ["simulations:read"], "expires_at": ""} | fields
    return operator_browser.send(f"{KEYS}/add/?owner={for_owner.pk}", **form)


def within_a_second(check: Callable[[], bool]) -> bool:
    """Whether the check succeeds, at the latest if it begins after a second: it may take its time."""
    end = time.monotonic() + 1
    is_last = False
    while not (seen := check()) and not is_last:
        is_last = time.monotonic() >= end
        time.sleep(0.05)
    return seen


def open_connections() -> int:
    """The number of connections to the test database; on SQLite, of this process's open files."""
    if VENDOR == "postgresql":
        with connection.cursor() as cursor:
            # Of the sessions of other roles no more is shown than that they are there.
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            return int(cursor.fetchone()[0])
    name = str(connection.settings_dict["NAME"])
    return sum(_target(handle) == name for handle in Path("/proc/self/fd").iterdir())


def _target(handle: Path) -> str | None:
    """The file of a descriptor; None if it has been closed since it was listed."""
    try:
        return str(handle.readlink())
    except FileNotFoundError:
        return None


def sent_at_once(operator_browser: OperatorBrowser, forms: list[tuple[str, dict[str, Any]]]) -> list[Response]:
    """The responses to these forms, which are sent concurrently."""

    async def send() -> list[Response]:
        async with AsyncClient(
            transport=operator_browser.sender, base_url="http://localhost", cookies=dict(operator_browser.http.cookies)
        ) as http:
            return await asyncio.gather(*(http.post(path, data=form) for path, form in forms))

    return operator_browser.running.call(send)
