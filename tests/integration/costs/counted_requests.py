"""The requests whose cost is counted: a typical one of each operation, and variants."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from domain.runs.run import Run
from domain.simulations.simulation import Simulation
from tests.contracts.http_service import KEYS, NEW_KEY, Tenant
from tests.contracts.http_webhooks import NEW as NEW_WEBHOOK
from tests.contracts.http_webhooks import WEBHOOKS
from tests.contracts.resources import RESOURCES, Json, ResourceCase, resource_of

T = TypeVar("T")
CHANGES = "/api/v1/changes"
ROLL = {"overlap_seconds": 60}


@dataclass(frozen=True)
class Request:
    """A request and its expected status; ``body`` may be a function that makes a new body for each request."""

    method: str
    path: str
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, tenant: Tenant) -> Any:
        """The response; AssertionError for another status than expected."""
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
"""Creates new objects that a request needs, and returns the request."""


def created(tenant: Tenant, resource: ResourceCase) -> str:
    """The path of a new object."""
    return resource.path_of(tenant.make(resource))


def key(tenant: Tenant) -> str:
    """The path of a new API key."""
    shown = Request("POST", KEYS, NEW_KEY, 201).send(tenant)
    return f"{KEYS}/{shown.json()['id']}"


def create_webhook(tenant: Tenant) -> Request:
    """The creation of a webhook, once all others of this tenant are deleted: there may be a hundred."""
    for each in Request("GET", f"{WEBHOOKS}?limit=100").send(tenant).json()["items"]:
        Request("DELETE", f"{WEBHOOKS}/{each['id']}", status=204).send(tenant)
    return Request("POST", WEBHOOKS, NEW_WEBHOOK, 201)


def webhook(tenant: Tenant) -> str:
    """The path of a new webhook."""
    return f"{WEBHOOKS}/{create_webhook(tenant).send(tenant).json()['id']}"


def updated(tenant: Tenant, resource: ResourceCase) -> str:
    """The path of a new object with two versions."""
    path = created(tenant, resource)
    Request("PATCH", path, tenant.named(resource, "before")).send(tenant)
    return path


def deleted(tenant: Tenant, resource: ResourceCase) -> str:
    """The path of a deleted object."""
    path = created(tenant, resource)
    Request("DELETE", path, status=204).send(tenant)
    return path


def with_a_run(tenant: Tenant) -> str:
    """The path of a new simulation that has a run."""
    simulation = tenant.make(resource_of(Simulation))
    tenant.make(resource_of(Run), simulation_id=simulation["id"])
    return f"{resource_of(Simulation).path}/{simulation['id']}"


def tag(tenant: Tenant, path: str) -> str:
    """The ETag of the object at this path."""
    return str(Request("GET", path).send(tenant).headers["etag"])


def cursor(tenant: Tenant, path: str) -> str:
    """The cursor after the first object of this list."""
    return str(Request("GET", f"{path}?limit=1").send(tenant).json()["next_cursor"])


def with_idempotency_key(request: Request) -> Request:
    """The request with a new Idempotency-Key."""
    return Request(**vars(request) | {"headers": {"Idempotency-Key": uuid4().hex}})


def repeated(tenant: Tenant, request: Request) -> Request:
    """The request with a new Idempotency-Key, after it has been sent once."""
    request = with_idempotency_key(request)
    request.send(tenant)
    return request


def next_changes(tenant: Tenant) -> Request:
    tenant.make()
    return Request("GET", f"{CHANGES}?after={cursor(tenant, CHANGES)}")


@dataclass(frozen=True)
class Requests:
    """The requests of one kind of resource."""

    resource: ResourceCase

    def created(self, tenant: Tenant) -> str:
        return created(tenant, self.resource)

    def name(self, tenant: Tenant) -> Json:
        """The members of a patch."""
        return tenant.named(self.resource, "after")

    def body(self, tenant: Tenant) -> Json:
        """The body that creates a new object."""
        return tenant.body(self.resource)

    def batch(self, tenant: Tenant) -> Request:
        items = [self.body(tenant) for _ in range(50)]
        return Request("POST", f"{self.resource.path}/batch", {"items": items}, 201)

    def no_op_put(self, tenant: Tenant) -> Request:
        shown = tenant.make(self.resource)
        return Request("PUT", self.resource.path_of(shown), {name: shown[name] for name in self.resource.body})

    def not_modified(self, tenant: Tenant) -> Request:
        path = self.created(tenant)
        return Request("GET", path, status=304, headers={"If-None-Match": tag(tenant, path)})

    def if_match(self, tenant: Tenant) -> Request:
        path = self.created(tenant)
        return Request("PATCH", path, self.name(tenant), headers={"If-Match": tag(tenant, path)})

    def next_page(self, tenant: Tenant) -> Request:
        self.created(tenant)
        self.created(tenant)
        return Request("GET", f"{self.resource.path}?cursor={cursor(tenant, self.resource.path)}")

    def filtered(self, _: Tenant) -> Request:
        query = {**dict(self.resource.filter_queries()), "sort": self.resource.orders[-1]}
        return Request("GET", f"{self.resource.path}?{urlencode(query)}")

    def operations(self) -> dict[str, Prepare]:
        """A typical request for each verb."""
        to = self.resource
        return {
            "list": lambda _: Request("GET", to.path),
            "create": lambda tenant: Request("POST", to.path, partial(self.body, tenant), 201),
            "batch": self.batch,
            "get": lambda tenant: Request("GET", self.created(tenant)),
            "replace": lambda tenant: Request("PUT", self.created(tenant), self.body(tenant) | self.name(tenant)),
            "update": lambda tenant: Request("PATCH", self.created(tenant), self.name(tenant)),
            "amend": lambda tenant: Request("POST", self.created(tenant), self.name(tenant)),
            "delete": lambda tenant: Request("DELETE", self.created(tenant), status=204),
            "restore": lambda tenant: Request("POST", f"{updated(tenant, to)}/restore", {"version": 1}),
            "revisions": lambda tenant: Request("GET", f"{updated(tenant, to)}/revisions"),
        }

    def variants(self) -> dict[str, Prepare]:
        """Further requests, by verb and variant."""
        to = self.resource
        variants: dict[str, Prepare] = {
            "get, HEAD": lambda tenant: Request("HEAD", self.created(tenant)),
            "get, 304": self.not_modified,
            "get, unknown": lambda _: Request("GET", to.unknown, status=404),
            "get, malformed id": lambda _: Request("GET", f"{to.path}/x", status=404),
            "list, HEAD": lambda _: Request("HEAD", to.path),
            "list, next page": self.next_page,
            "list, filtered": self.filtered,
            "list, invalid cursor": lambda _: Request("GET", f"{to.path}?cursor=x", status=400),
            "create, invalid": lambda _: Request("POST", to.path, {"x": 1}, 422),
            "create, Idempotency-Key": lambda tenant: with_idempotency_key(
                Request("POST", to.path, self.body(tenant), 201)
            ),
            "create, replayed": lambda tenant: repeated(tenant, Request("POST", to.path, self.body(tenant), 201)),
            "batch, Idempotency-Key": lambda tenant: with_idempotency_key(self.batch(tenant)),
            "batch, replayed": lambda tenant: repeated(tenant, self.batch(tenant)),
            "replace, no change": self.no_op_put,
            "update, If-Match": self.if_match,
            "update, stale If-Match": lambda tenant: Request(
                "PATCH", self.created(tenant), self.name(tenant), 412, headers={"If-Match": '"9"'}
            ),
            "update, unknown": lambda tenant: Request("PATCH", to.unknown, self.name(tenant), 404),
            "delete, unknown": lambda _: Request("DELETE", to.unknown, status=404),
            "restore, deleted": lambda tenant: Request("POST", f"{deleted(tenant, to)}/restore", {"version": 1}),
            "restore, unknown": lambda _: Request("POST", f"{to.unknown}/restore", {"version": 1}, 404),
            "revisions, unknown": lambda _: Request("GET", f"{to.unknown}/revisions", status=404),
        }
        if to.contradiction:
            members, _ = to.contradiction
            variants["update, invalid with stored row"] = lambda tenant: Request(
                "PATCH", self.created(tenant), members, 422
            )
        return variants


def row(resource: ResourceCase, name: str) -> str:
    """The name of a table row for this resource: the ``operationId`` and the variant."""
    verb, comma, variant = name.partition(",")
    return resource.operation(verb) + comma + variant


def rows(resource: ResourceCase, requests: Mapping[str, T]) -> dict[str, T]:
    return {row(resource, name): each for name, each in requests.items()}


OPERATIONS: dict[str, Prepare] = {
    "livez": lambda _: Request("GET", "/livez"),
    "readyz": lambda _: Request("GET", "/readyz"),
    "get_problem": lambda _: Request("GET", "/problems/not-found"),
    "whoami": lambda _: Request("GET", "/api/v1/me"),
    "list_changes": lambda _: Request("GET", CHANGES),
    "summarize_simulation": lambda tenant: Request("GET", f"{with_a_run(tenant)}/summary"),
    "export_runs": lambda tenant: Request("GET", f"{with_a_run(tenant)}/runs.csv"),
    "list_keys": lambda _: Request("GET", KEYS),
    "create_key": lambda _: Request("POST", KEYS, NEW_KEY, 201),
    "get_key": lambda tenant: Request("GET", key(tenant)),
    "revoke_key": lambda tenant: Request("DELETE", key(tenant), status=204),
    "roll_key": lambda tenant: Request("POST", f"{key(tenant)}/roll", ROLL, 201),
    "list_webhooks": lambda tenant: Request("GET", webhook(tenant).rpartition("/")[0]),
    "create_webhook": create_webhook,
    "get_webhook": lambda tenant: Request("GET", webhook(tenant)),
    "update_webhook": lambda tenant: Request("PATCH", webhook(tenant), {"description": "after"}),
    "roll_webhook": lambda tenant: Request("POST", f"{webhook(tenant)}/roll", {}),
    "delete_webhook": lambda tenant: Request("DELETE", webhook(tenant), status=204),
    "list_webhook_deliveries": lambda tenant: Request("GET", f"{webhook(tenant)}/deliveries"),
    "request_webhook_delivery": lambda tenant: Request("POST", f"{webhook(tenant)}/deliveries", {}, 202),
}
"""Typical requests, by ``operationId``."""

VARIANTS: dict[str, Prepare] = {
    "changes, next page": next_changes,
    "changes, latest": lambda _: Request("GET", f"{CHANGES}?after=latest"),
    "create key, Idempotency-Key": lambda tenant: with_idempotency_key(Request("POST", KEYS, NEW_KEY, 201)),
    "roll, Idempotency-Key": lambda tenant: with_idempotency_key(Request("POST", f"{key(tenant)}/roll", ROLL, 201)),
    "roll, replayed": lambda tenant: repeated(tenant, Request("POST", f"{key(tenant)}/roll", ROLL, 201)),
    "method not allowed": lambda _: Request("PATCH", KEYS, status=405),
    "unknown path": lambda _: Request("GET", "/api/v1/nothing", status=404),
    "unknown file": lambda _: Request("GET", "/docs/assets/nothing", status=404),
}

for each in RESOURCES:
    OPERATIONS |= rows(each, Requests(each).operations())
    VARIANTS |= rows(each, Requests(each).variants())
