"""The requests that are counted: each of the document's operations as it is mostly asked for, and its variants."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from tests.contracts.http_service import KEYS, NEW_KEY, Tenant
from tests.contracts.resources import RESOURCES, Json, ResourceCase

T = TypeVar("T")
CHANGES = "/api/v1/changes"
ROLL = {"overlap_seconds": 60}


@dataclass(frozen=True)
class Request:
    """One request, and the status that answers it; ``body`` may be a function that makes one for each time."""

    method: str
    path: str
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, tenant: Tenant) -> Any:
        """The answer; any other than the one foretold is a fault of the test."""
        sent = {} if self.body is None else {"json": self._body()}
        answer = tenant.send(self.method, self.path, headers=self.headers, **sent)
        assert answer.status_code == self.status, answer.text
        return answer

    def message(self, key: str) -> tuple[dict[str, Any], bytes]:
        """The ASGI scope as uvicorn makes it, and the body."""
        body = b"" if self.body is None else json.dumps(self._body()).encode()
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

    def _body(self) -> Any:
        return self.body() if callable(self.body) else self.body


Prepare: TypeAlias = Callable[[Tenant], Request]
"""Makes what a request needs to be there, anew each time, and gives the request."""


def made(tenant: Tenant, resource: ResourceCase) -> str:
    """The path of a new one."""
    return resource.path_of(tenant.make(resource))


def key(tenant: Tenant) -> str:
    """The path of a new one."""
    shown = Request("POST", KEYS, NEW_KEY, 201).send(tenant)
    return f"{KEYS}/{shown.json()['id']}"


def updated(tenant: Tenant, resource: ResourceCase) -> str:
    """The path of a new one in its second version."""
    path = made(tenant, resource)
    Request("PATCH", path, tenant.named(resource, "before")).send(tenant)
    return path


def deleted(tenant: Tenant, resource: ResourceCase) -> str:
    """The path at which one has been."""
    path = made(tenant, resource)
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


def following(tenant: Tenant) -> Request:
    tenant.make()
    return Request("GET", f"{CHANGES}?after={cursor(tenant, CHANGES)}")


@dataclass(frozen=True)
class Requests:
    """The requests of one kind of resource."""

    resource: ResourceCase

    def made(self, tenant: Tenant) -> str:
        return made(tenant, self.resource)

    def name(self, tenant: Tenant) -> Json:
        """What a change changes."""
        return tenant.named(self.resource, "after")

    def body(self, tenant: Tenant) -> Json:
        """What makes one more."""
        return tenant.body(self.resource)

    def as_it_was(self, tenant: Tenant) -> Request:
        shown = tenant.make(self.resource)
        return Request("PUT", self.resource.path_of(shown), {name: shown[name] for name in self.resource.body})

    def unchanged(self, tenant: Tenant) -> Request:
        path = self.made(tenant)
        return Request("GET", path, status=304, headers={"If-None-Match": tag(tenant, path)})

    def guarded(self, tenant: Tenant) -> Request:
        path = self.made(tenant)
        return Request("PATCH", path, self.name(tenant), headers={"If-Match": tag(tenant, path)})

    def deep(self, tenant: Tenant) -> Request:
        self.made(tenant)
        self.made(tenant)
        return Request("GET", f"{self.resource.path}?cursor={cursor(tenant, self.resource.path)}")

    def filtered(self, _: Tenant) -> Request:
        query = {**dict(self.resource.asked_for()), "sort": self.resource.orders[-1]}
        return Request("GET", f"{self.resource.path}?{urlencode(query)}")

    def operations(self) -> dict[str, Prepare]:
        """By the verb."""
        to = self.resource
        return {
            "list": lambda _: Request("GET", to.path),
            "create": lambda tenant: Request("POST", to.path, partial(self.body, tenant), 201),
            "get": lambda tenant: Request("GET", self.made(tenant)),
            "replace": lambda tenant: Request("PUT", self.made(tenant), self.body(tenant) | self.name(tenant)),
            "update": lambda tenant: Request("PATCH", self.made(tenant), self.name(tenant)),
            "amend": lambda tenant: Request("POST", self.made(tenant), self.name(tenant)),
            "delete": lambda tenant: Request("DELETE", self.made(tenant), status=204),
            "restore": lambda tenant: Request("POST", f"{updated(tenant, to)}/restore", {"version": 1}),
            "revisions": lambda tenant: Request("GET", f"{updated(tenant, to)}/revisions"),
        }

    def variants(self) -> dict[str, Prepare]:
        """By the verb and what is particular."""
        to = self.resource
        variants: dict[str, Prepare] = {
            "get, HEAD": lambda tenant: Request("HEAD", self.made(tenant)),
            "get, 304": self.unchanged,
            "get, unknown": lambda _: Request("GET", to.unknown, status=404),
            "get, no id": lambda _: Request("GET", f"{to.path}/x", status=404),
            "list, HEAD": lambda _: Request("HEAD", to.path),
            "list, deep": self.deep,
            "list, filtered": self.filtered,
            "list, no such cursor": lambda _: Request("GET", f"{to.path}?cursor=x", status=400),
            "create, invalid": lambda _: Request("POST", to.path, {"x": 1}, 422),
            "create, once": lambda tenant: once(Request("POST", to.path, self.body(tenant), 201)),
            "create, again": lambda tenant: again(tenant, Request("POST", to.path, self.body(tenant), 201)),
            "replace, as it was": self.as_it_was,
            "update, If-Match": self.guarded,
            "update, stale": lambda tenant: Request(
                "PATCH", self.made(tenant), self.name(tenant), 412, headers={"If-Match": '"9"'}
            ),
            "update, unknown": lambda tenant: Request("PATCH", to.unknown, self.name(tenant), 404),
            "delete, unknown": lambda _: Request("DELETE", to.unknown, status=404),
            "restore, deleted": lambda tenant: Request("POST", f"{deleted(tenant, to)}/restore", {"version": 1}),
            "restore, unknown": lambda _: Request("POST", f"{to.unknown}/restore", {"version": 1}, 404),
            "revisions, unknown": lambda _: Request("GET", f"{to.unknown}/revisions", status=404),
        }
        if to.contradiction:
            members, _ = to.contradiction
            variants["update, contradicting"] = lambda tenant: Request("PATCH", self.made(tenant), members, 422)
        return variants


def row(resource: ResourceCase, name: str) -> str:
    """What a row of the tables is called that is of this resource: its ``operationId``, and what is particular."""
    verb, comma, particular = name.partition(",")
    return resource.operation(verb) + comma + particular


def rows(resource: ResourceCase, requests: Mapping[str, T]) -> dict[str, T]:
    return {row(resource, name): each for name, each in requests.items()}


OPERATIONS: dict[str, Prepare] = {
    "livez": lambda _: Request("GET", "/livez"),
    "readyz": lambda _: Request("GET", "/readyz"),
    "get_problem": lambda _: Request("GET", "/problems/not-found"),
    "whoami": lambda _: Request("GET", "/api/v1/me"),
    "list_changes": lambda _: Request("GET", CHANGES),
    "list_keys": lambda _: Request("GET", KEYS),
    "create_key": lambda _: Request("POST", KEYS, NEW_KEY, 201),
    "get_key": lambda tenant: Request("GET", key(tenant)),
    "revoke_key": lambda tenant: Request("DELETE", key(tenant), status=204),
    "roll_key": lambda tenant: Request("POST", f"{key(tenant)}/roll", ROLL, 201),
}
"""By ``operationId``."""

VARIANTS: dict[str, Prepare] = {
    "changes, following": following,
    "changes, latest": lambda _: Request("GET", f"{CHANGES}?after=latest"),
    "create key, once": lambda tenant: once(Request("POST", KEYS, NEW_KEY, 201)),
    "roll, once": lambda tenant: once(Request("POST", f"{key(tenant)}/roll", ROLL, 201)),
    "roll, again": lambda tenant: again(tenant, Request("POST", f"{key(tenant)}/roll", ROLL, 201)),
    "no such method": lambda _: Request("PATCH", KEYS, status=405),
    "no such path": lambda _: Request("GET", "/api/v1/nothing", status=404),
    "no such file": lambda _: Request("GET", "/docs/assets/nothing", status=404),
}

for each in RESOURCES:
    OPERATIONS |= rows(each, Requests(each).operations())
    VARIANTS |= rows(each, Requests(each).variants())
