"""A Goatfish service in memory, for tests of what uses one."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import UUID

from goatfish.testing.answers import RecordedRequest, Response, complete, problem_answer
from goatfish.testing.calls import Answer, Call, perform
from goatfish.testing.clock import Clock
from goatfish.testing.failures import DISCONNECT, DISCONNECT_AFTER, TIMEOUT, Failure, Lost, refusal_of
from goatfish.testing.keys import SCOPES, Key, new_text, require_scopes
from goatfish.testing.kinds import parse_id
from goatfish.testing.listening import Listener
from goatfish.testing.operations import find, operation_name
from goatfish.testing.problems import Refusal, general
from goatfish.testing.requests import HEADERS_MAX, Conditions, Heads, key_text, read_json, request_id
from goatfish.testing.tenant import Change, Tenant
from goatfish.testing.transport import FakeTransport

if TYPE_CHECKING:
    from goatfish import AsyncClient, Client

_WINDOW = 60


class FakeOwner:
    """An owner of a fake service, and the key of their first client."""

    def __init__(self, service: FakeService, tenant: Tenant) -> None:
        self._service, self._tenant = service, tenant
        self.id, self.name = tenant.id, tenant.name
        self.key = self.add_key()

    def add_key(
        self, name: str = "default", *, scopes: Iterable[str] = SCOPES, expires_at: datetime | None = None
    ) -> str:
        """The text of a new key with these scopes. Raises ``ValueError`` for a scope that there is not."""
        scopes = frozenset(scopes)
        if not scopes or not scopes.issubset(SCOPES):
            raise ValueError(f"A key has at least one scope of {', '.join(SCOPES)}.")
        return self._service._add_key(self._tenant, name, scopes, expires_at)

    def client(self, **options: Any) -> Client:
        """A client with this owner's key."""
        return self._service.client(key=options.pop("key", self.key), **options)

    def async_client(self, **options: Any) -> AsyncClient:
        """The same for asyncio."""
        return self._service.async_client(key=options.pop("key", self.key), **options)

    def forget_changes(self) -> None:
        """Forgets all changes so far: following the feed from an earlier cursor is a 410."""
        with self._service._lock:
            self._tenant.forget_changes()


class FakeService:
    """A Goatfish service in memory: what clients can see of it is as of the real one.

    It begins with one owner, whose key has all scopes. ``rate_limit`` is how many requests an owner may make in a
    minute; 0 sets no limit. Safe for threads.
    """

    url = "https://goatfish.test"

    def __init__(self, *, rate_limit: int = 0) -> None:
        self.clock = Clock()
        self.transport = FakeTransport(self)
        """For httpx, synchronous and asynchronous at once."""
        self.requests: list[RecordedRequest] = []
        """What it has got, the oldest first."""
        self.owners: list[FakeOwner] = []
        self._rate_limit = rate_limit
        self._lock = threading.RLock()
        self._last_id = 0
        self._keys: dict[str, tuple[Tenant, str]] = {}
        self._failures: deque[Failure] = deque()
        self._listeners: list[Listener] = []
        self._away = 0
        self.owner = self.add_owner("tests")

    @property
    def key(self) -> str:
        """The key of the first owner."""
        return self.owner.key

    def add_owner(self, name: str) -> FakeOwner:
        """Another owner, who sees nothing of the others."""
        with self._lock:
            tenant = Tenant(self._new_id(), name, self._new_id)
            tenant.note("owner", tenant.id, 1, self._change("operator", ""))
            owner = FakeOwner(self, tenant)
            self.owners.append(owner)
            return owner

    def client(self, **options: Any) -> Client:
        """A client of the service, with the first owner's key unless another ``key`` is given."""
        from goatfish import Client  # noqa: PLC0415 -- which tests of transports do not need

        return Client(**{"url": self.url, "key": self.key, "transport": self.transport, **options})

    def async_client(self, **options: Any) -> AsyncClient:
        """The same for asyncio."""
        from goatfish import AsyncClient  # noqa: PLC0415 -- loaded where it is used

        return AsyncClient(**{"url": self.url, "key": self.key, "transport": self.transport, **options})

    def fail_next(
        self,
        times: int = 1,
        status: int | str = 503,
        *,
        method: str | None = None,
        path: str | None = None,
        retry_after: int | str | None = None,
    ) -> None:
        """The next ``times`` requests fail; those of this method and of paths that begin so, where these are given.

        ``status`` is that of a problem, which is answered before anything is done (a 409 says that the
        ``Idempotency-Key`` is in flight), or ``"disconnect"``: the connection is lost before anything is done;
        ``"disconnect_after"``: it is done, and its answer is lost; ``"timeout"``: the same, and the client waits.
        Raises ``ValueError`` for any other.
        """
        if isinstance(status, int):
            general(status)
        elif status not in {DISCONNECT, DISCONNECT_AFTER, TIMEOUT}:
            raise ValueError(f"There is no failure {status!r}.")
        wait = None if retry_after is None else str(retry_after)
        with self._lock:
            self._failures.extend(Failure(status, method, path, wait) for _ in range(times))

    @contextmanager
    def away(self) -> Iterator[None]:
        """Meanwhile nothing can connect to the service."""
        with self._lock:
            self._away += 1
        for listener in self._listeners if self._away == 1 else ():
            listener.stop()
        try:
            yield
        finally:
            with self._lock:
                self._away -= 1
            for listener in self._listeners if not self._away else ():
                listener.start()

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Meanwhile the service listens on a port of the loopback interface, at the URL that is yielded."""
        listener = Listener(self)
        listener.start()
        self._listeners.append(listener)
        try:
            yield listener.url
        finally:
            self._listeners.remove(listener)
            listener.stop()

    def handle(self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> Response:
        """Answers a request of this method for this path and query. Raises ``Lost`` where the client gets no answer."""
        path, _, query = target.partition("?")
        heads = Heads(headers)
        with self._lock:
            if self._away:
                raise Lost("away")
            failure = next((each for each in self._failures if each.meets(method, path)), None)
            if failure is not None:
                self._failures.remove(failure)
            status = None if failure is None else failure.status
            record = RecordedRequest(method, path, query, heads, body, None, operation_name(method, path))
            if status == DISCONNECT:
                self.requests.append(record)
                raise Lost(DISCONNECT)
            answer = self._answered(record, failure if isinstance(status, int) else None)
            if isinstance(status, str):
                self.requests.append(record)
                raise Lost(status)
            self.requests.append(replace(record, status=answer.status))
            return answer

    def _answered(self, request: RecordedRequest, failure: Failure | None) -> Response:
        id = request_id(request.headers) or secrets.token_hex(16)
        limits: dict[str, str] = {}
        try:
            if failure is not None:
                raise refusal_of(failure)
            answer = self._answer(request, self._change("", id), limits)
        except Refusal as refusal:
            answer = problem_answer(refusal, unquote(request.path), id)
        return complete(answer, request, {**limits, "X-Request-ID": id})

    def _answer(self, request: RecordedRequest, change: Change, limits: dict[str, str]) -> Answer:
        """Refuses with 401, 429, 403, 413, 415, 400 and 422, in this order, and as the operation does."""
        if sum(len(name) + len(value) for name, value in request.headers.items()) > HEADERS_MAX:
            raise Refusal("headers_too_large")
        operation, id = find(request.method, request.path)
        id, path, headers = unquote(id), unquote(request.path), request.headers
        if operation.scopes is None:
            return perform(Call.of_nobody(path, id, headers, change, operation), None, request.query)
        tenant, key = self._caller(headers, change.now)
        self._count(tenant, limits)
        require_scopes(key.scopes, operation.scopes)
        content = None
        if operation.body is not None:
            content = read_json(headers, request.body, operation.media_types, many=operation.many)
        change = change._replace(actor=f"key:{key.id}")
        call = Call(path, parse_id(id) or "", headers, tenant, key, change, operation, Conditions(headers))
        answer = perform(call, content, request.query)
        text = answer.content.get("key") if operation.name in {"create_key", "roll_key"} else None
        if text:
            self._keys[text] = (tenant, answer.content["id"])
        return answer

    def _caller(self, headers: Mapping[str, str], now: datetime) -> tuple[Tenant, Key]:
        tenant, id = self._keys.get(key_text(headers) or "", (None, ""))
        key = None if tenant is None else tenant.keys.get(id)
        if tenant is None or key is None or key.has_ended(now):
            raise Refusal("unauthenticated", headers={"WWW-Authenticate": 'Bearer realm="goatfish"'})
        tenant.keys[id] = key.used(now)
        return tenant, tenant.keys[id]

    def _count(self, tenant: Tenant, headers: dict[str, str]) -> None:
        """Counts a request against the owner's limit, as the service does (GCRA). Raises ``Refusal`` (429)."""
        if not self._rate_limit:
            return
        now, interval = time.monotonic(), _WINDOW / self._rate_limit
        whole_at = max(tenant.quota_whole_at, now)
        remaining = int((_WINDOW - (whole_at - now)) / interval + 1e-3)
        if remaining > 0:
            whole_at = tenant.quota_whole_at = whole_at + interval
        headers["RateLimit-Policy"] = f'"owner";q={self._rate_limit};w={_WINDOW}'
        headers["RateLimit"] = f'"owner";r={max(remaining - 1, 0)};t={ceil(whole_at - now)}'
        if remaining <= 0:
            wait = max(ceil(whole_at + interval - now - _WINDOW), 1)
            detail = f"More than {self._rate_limit} requests in a minute."
            raise Refusal("rate_limited", detail, headers={"Retry-After": str(wait)})

    def _add_key(self, tenant: Tenant, name: str, scopes: frozenset[str], expires_at: datetime | None) -> str:
        with self._lock:
            change = self._change("operator", "")
            prefix, text = new_text()
            lasting = None if expires_at is None else expires_at - change.now
            key = Key(self._new_id(), name, prefix, scopes, change.now, "operator", expires_at, lasting)
            tenant.keys[key.id] = key
            tenant.note("key", key.id, 1, change)
            self._keys[text] = (tenant, key.id)
            return text

    def _change(self, actor: str, id: str) -> Change:
        return Change.at(self.clock.now(), actor, id)

    def _new_id(self) -> str:
        """A UUIDv7, later than all before as long as the clock is not set back."""
        self._last_id += 1
        milliseconds = int(self.clock.now().timestamp() * 1000)
        number = milliseconds << 80 | 7 << 76 | (self._last_id >> 62 & 0xFFF) << 64 | 2 << 62 | self._last_id % 2**62
        return str(UUID(int=number))
