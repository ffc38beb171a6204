"""The requests that are counted: each of the document's operations as it is mostly asked for, and its variants."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from uuid import uuid4

from tests.contracts.http_api import KEYS, SIMULATIONS, UNKNOWN, WING, Tenant

CHANGES = "/api/v1/changes"
NEW_KEY = {"name": "n", "scopes": ["simulations:read"]}
ROLL = {"overlap_seconds": 60}


@dataclass(frozen=True)
class Request:
    """One request, and the status that answers it."""

    method: str
    path: str
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, tenant: Tenant) -> Any:
        """The answer; any other than the one foretold is a fault of the test."""
        sent = {} if self.body is None else {"json": self.body}
        answer = tenant.send(self.method, self.path, headers=self.headers, **sent)
        assert answer.status_code == self.status, answer.text
        return answer

    def message(self, key: str) -> tuple[dict[str, Any], bytes]:
        """The ASGI scope as uvicorn makes it, and the body."""
        body = b"" if self.body is None else json.dumps(self.body).encode()
        headers = {"host": "localhost", "x-api-key": key, "user-agent": "tests", "accept": "*/*", **self.headers}
        if body:
            headers |= {"content-type": "application/json", "content-length": str(len(body))}
        parts = urlsplit(self.path)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": ("127.0.0.1", 8000),
            "client": ("127.0.0.1", 50000),
            "scheme": "http",
            "method": self.method,
            "root_path": "",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "state": {},
        }
        return scope, body


Asked: TypeAlias = Callable[[Tenant], Request]
"""Makes what a request needs to be there, anew each time, and gives the request."""


def simulation(tenant: Tenant) -> str:
    """The path of a new one."""
    return f"{SIMULATIONS}/{tenant.make()['id']}"


def key(tenant: Tenant) -> str:
    """The path of a new one."""
    made = Request("POST", KEYS, NEW_KEY, 201).send(tenant)
    return f"{KEYS}/{made.json()['id']}"


def updated(tenant: Tenant) -> str:
    """The path of a new one in its second version."""
    path = simulation(tenant)
    Request("PATCH", path, {"name": "before"}).send(tenant)
    return path


def deleted(tenant: Tenant) -> str:
    """The path at which one has been."""
    path = simulation(tenant)
    Request("DELETE", path, status=204).send(tenant)
    return path


def tag(tenant: Tenant, path: str) -> str:
    """The entity tag of what is there."""
    return str(Request("GET", path).send(tenant).headers["etag"])


def cursor(tenant: Tenant, path: str) -> str:
    """Where this list goes on after its first object."""
    return str(Request("GET", f"{path}?limit=1").send(tenant).json()["next_cursor"])


def once(request: Request) -> Request:
    """The request with an idempotency key of its own."""
    return Request(**vars(request) | {"headers": {"Idempotency-Key": uuid4().hex}})


def again(tenant: Tenant, request: Request) -> Request:
    """The request with an idempotency key, after it has been carried out."""
    request = once(request)
    request.send(tenant)
    return request


def unchanged(tenant: Tenant) -> Request:
    path = simulation(tenant)
    return Request("GET", path, status=304, headers={"If-None-Match": tag(tenant, path)})


def guarded(tenant: Tenant) -> Request:
    path = simulation(tenant)
    return Request("PATCH", path, {"name": "after"}, headers={"If-Match": tag(tenant, path)})


def deep(tenant: Tenant) -> Request:
    simulation(tenant)
    simulation(tenant)
    return Request("GET", f"{SIMULATIONS}?cursor={cursor(tenant, SIMULATIONS)}")


def following(tenant: Tenant) -> Request:
    simulation(tenant)
    return Request("GET", f"{CHANGES}?after={cursor(tenant, CHANGES)}")


OPERATIONS: dict[str, Asked] = {
    "livez": lambda _: Request("GET", "/livez"),
    "readyz": lambda _: Request("GET", "/readyz"),
    "get_problem": lambda _: Request("GET", "/problems/not-found"),
    "whoami": lambda _: Request("GET", "/api/v1/me"),
    "list_simulations": lambda _: Request("GET", SIMULATIONS),
    "create_simulation": lambda _: Request("POST", SIMULATIONS, WING, 201),
    "get_simulation": lambda tenant: Request("GET", simulation(tenant)),
    "replace_simulation": lambda tenant: Request("PUT", simulation(tenant), WING | {"name": "after"}),
    "update_simulation": lambda tenant: Request("PATCH", simulation(tenant), {"name": "after"}),
    "amend_simulation": lambda tenant: Request("POST", simulation(tenant), {"name": "after"}),
    "delete_simulation": lambda tenant: Request("DELETE", simulation(tenant), status=204),
    "restore_simulation": lambda tenant: Request("POST", f"{updated(tenant)}/restore", {"version": 1}),
    "list_simulation_revisions": lambda tenant: Request("GET", f"{updated(tenant)}/revisions"),
    "list_changes": lambda _: Request("GET", CHANGES),
    "list_keys": lambda _: Request("GET", KEYS),
    "create_key": lambda _: Request("POST", KEYS, NEW_KEY, 201),
    "get_key": lambda tenant: Request("GET", key(tenant)),
    "revoke_key": lambda tenant: Request("DELETE", key(tenant), status=204),
    "roll_key": lambda tenant: Request("POST", f"{key(tenant)}/roll", ROLL, 201),
}
"""By ``operationId``."""

VARIANTS: dict[str, Asked] = {
    "get, HEAD": lambda tenant: Request("HEAD", simulation(tenant)),
    "get, 304": unchanged,
    "get, unknown": lambda _: Request("GET", UNKNOWN, status=404),
    "get, no id": lambda _: Request("GET", f"{SIMULATIONS}/x", status=404),
    "list, HEAD": lambda _: Request("HEAD", SIMULATIONS),
    "list, deep": deep,
    "list, filtered": lambda _: Request("GET", f"{SIMULATIONS}?name=wing&active_on=2026-01-10&sort=-start_date"),
    "create, invalid": lambda _: Request("POST", SIMULATIONS, {}, 422),
    "create, once": lambda tenant: once(Request("POST", SIMULATIONS, WING, 201)),
    "create, again": lambda tenant: again(tenant, Request("POST", SIMULATIONS, WING, 201)),
    "replace, as it was": lambda tenant: Request("PUT", simulation(tenant), WING),
    "update, If-Match": guarded,
    "update, stale": lambda tenant: Request(
        "PATCH", simulation(tenant), {"name": "after"}, 412, headers={"If-Match": '"9"'}
    ),
    "update, invalid": lambda tenant: Request("PATCH", simulation(tenant), {"end_date": "0001-01-01"}, 422),
    "update, unknown": lambda _: Request("PATCH", UNKNOWN, {"name": "after"}, 404),
    "delete, unknown": lambda _: Request("DELETE", UNKNOWN, status=404),
    "restore, deleted": lambda tenant: Request("POST", f"{deleted(tenant)}/restore", {"version": 1}),
    "restore, unknown": lambda _: Request("POST", f"{UNKNOWN}/restore", {"version": 1}, 404),
    "revisions, unknown": lambda _: Request("GET", f"{UNKNOWN}/revisions", status=404),
    "changes, following": following,
    "changes, latest": lambda _: Request("GET", f"{CHANGES}?after=latest"),
    "create key, once": lambda tenant: once(Request("POST", KEYS, NEW_KEY, 201)),
    "roll, once": lambda tenant: once(Request("POST", f"{key(tenant)}/roll", ROLL, 201)),
    "roll, again": lambda tenant: again(tenant, Request("POST", f"{key(tenant)}/roll", ROLL, 201)),
    "no such method": lambda _: Request("PATCH", SIMULATIONS, status=405),
    "no such path": lambda _: Request("GET", "/api/v1/nothing", status=404),
    "no such file": lambda _: Request("GET", "/docs/assets/nothing", status=404),
    "no such cursor": lambda _: Request("GET", f"{SIMULATIONS}?cursor=x", status=400),
}
