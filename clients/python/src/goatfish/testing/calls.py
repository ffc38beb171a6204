"""Calls of operations and their answers: what all operations have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple
from urllib.parse import urlencode

from goatfish.testing.filters import read_query
from goatfish.testing.keys import (
    Key,
)
from goatfish.testing.objects import Body
from goatfish.testing.pages import Query, page
from goatfish.testing.problems import Fault, Refusal, invalid
from goatfish.testing.requests import JSON, Conditions, fingerprint, idempotency_key
from goatfish.testing.tenant import Change, Stored, Tenant

Faults = tuple[Any, list[Fault], list[Fault]]
API = "/api/v1"


class Answer(NamedTuple):
    """What is answered: JSON, or a text of another type."""

    status: int
    content: Any = None
    headers: Mapping[str, str] = {}
    media_type: str = "application/json"


class Operation(NamedTuple):
    """An operation: who may call it, what it takes, and what it does."""

    name: str
    run: Callable[[Call], Answer]
    scopes: tuple[str, ...] | None = ()
    """All of which are needed; None where nobody is asked for a key."""
    body: Callable[[Any, Call], Faults] | None = None
    media_types: frozenset[str] = JSON
    query: tuple[str, str] = ("", "")
    """The kind of objects and the shape of the query (``read_query``)."""
    repeatable: bool = False
    """Whether it takes an ``Idempotency-Key``."""
    writes: bool = False

    @property
    def many(self) -> bool:
        return self.name in {"create_simulations", "create_runs"}


class Call(NamedTuple):
    """A request whose caller is known."""

    path: str
    id: str
    headers: Mapping[str, str]
    tenant: Tenant
    key: Key
    change: Change
    operation: Operation
    conditions: Conditions
    values: Any = None
    rules: Sequence[Fault] = ()
    query: Query = Query({}, ())
    fingerprint: str = ""

    @classmethod
    def of_nobody(cls, path: str, id: str, headers: Mapping[str, str], change: Change, operation: Operation) -> Call:
        """A call of an operation that asks for no key."""
        nobody = Key("", "", "", frozenset(), change.now, "", None, None)
        return cls(path, id, headers, Tenant("", "", str), nobody, change, operation, Conditions({}))


def perform(call: Call, content: Any, query: str) -> Answer:
    """Answers. Raises ``Refusal``: first for everything that is invalid in itself, at once."""
    operation = call.operation
    faults: list[Fault] = []
    if operation.repeatable:
        faults += idempotency_key(call.headers)[1]
        call = call._replace(fingerprint=fingerprint(call.id, content))
    faults += call.conditions.faults if operation.writes or "if-none-match" in call.headers else []
    if operation.body is not None:
        values, types, rules = operation.body(content, call)
        faults, call = faults + types, call._replace(values=values, rules=rules)
    read, wrong = read_query("" if operation.scopes is None else query, *operation.query)
    if faults or wrong:
        raise invalid([*faults, *wrong], call.rules)
    if call.rules and not operation.repeatable:
        raise invalid([], call.rules)
    return operation.run(call._replace(query=read))


def tag_of(kind: str, version: int) -> str:
    """The entity tag of this version of an object."""
    return f'"{version}-{hashlib.blake2b(kind.encode(), digest_size=3).hexdigest()}"'


def object_answer(kind: str, stored: Stored, call: Call | None = None) -> Answer:
    """200 with the object and its tag, or 304 where the call names it in ``If-None-Match``."""
    tag = tag_of(kind, stored.version)
    if call is not None and {"*", tag} & {*call.conditions.unwanted}:
        return Answer(304, None, {"ETag": tag})
    return Answer(200, stored.body, {"ETag": tag})


def checked(call: Call, kind: str) -> Callable[[int | None], None]:
    """Whether the conditions of the call hold for a version."""
    return lambda version: call.conditions.check(None if version is None else tag_of(kind, version))


def once(call: Call, create: Callable[[], Any]) -> tuple[Any, bool]:
    """What the call creates, or what an earlier one with its key did, and whether that is so."""
    key, _ = idempotency_key(call.headers)
    known = None if key is None else call.tenant.outcome(call.operation.name, key, call.change.now)
    if known is not None and known[0] == call.fingerprint:
        return known[1], True
    if call.rules:
        raise invalid([], call.rules)
    if known is not None:
        detail = "This Idempotency-Key was used for another request."
        fault = {"header": "Idempotency-Key", "code": "reused", "detail": detail}
        raise Refusal("idempotency_key_reused", detail, [fault])
    created = create()
    if key is not None:
        call.tenant.outcomes[call.operation.name, key] = (call.change.now, call.fingerprint, created)
    return created, False


def listed_answer(call: Call, listing: str, bodies: Sequence[Body], sort: str = "-created_at", **shown: Any) -> Answer:
    """A page of these objects, and a ``Link`` to the next one where there is more."""
    items, cursor = page(f"{call.tenant.id} {listing}", bodies, call.query, sort, **shown)
    if cursor is None:
        return Answer(200, {"items": items, "next_cursor": None})
    pairs = [*((name, value) for name, value in call.query.sent if name != "cursor"), ("cursor", cursor)]
    link = f'<{call.path}?{urlencode(pairs)}>; rel="next"'
    return Answer(200, {"items": items, "next_cursor": cursor}, {"Link": link})
