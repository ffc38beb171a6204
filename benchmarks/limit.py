"""The limit: a bare ASGI function, one hand-written statement an operation, and the least that a pool can be.

Where every key is looked up in the database, that is a statement of its own before the other.
"""

import asyncio
import hashlib
import json
import os
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from urllib.parse import parse_qsl

import asyncpg
import msgspec

from benchmarks.peers.cursors import decoded, encoded

Scope: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
Answer: TypeAlias = tuple[int, bytes, list[tuple[bytes, bytes]]]

SIZE = 10
PLACE = "/simulations"
COLUMNS = "id, name, start_date, end_date, created_at, updated_at"
PAGE = "ORDER BY created_at DESC, id DESC LIMIT"
STATEMENTS = {
    "key": "SELECT key.owner_id FROM api_key key JOIN owner ON owner.id = key.owner_id WHERE key.digest = $1"
    " AND key.revoked_at IS NULL AND (key.expires_at IS NULL OR key.expires_at > now())"
    " AND owner.deactivated_at IS NULL",
    "get": f"SELECT {COLUMNS}, version FROM simulation WHERE owner_id = $1 AND id = $2",
    "list": f"SELECT {COLUMNS} FROM simulation WHERE owner_id = $1 {PAGE} $2",
    "deep": f"SELECT {COLUMNS} FROM simulation WHERE owner_id = $1 AND (created_at, id) < ($3, $4) {PAGE} $2",
    "filter": f"SELECT {COLUMNS} FROM simulation WHERE owner_id = $1 AND name_folded LIKE $3"
    f" AND start_date >= $4 {PAGE} $2",
    "create": "INSERT INTO simulation VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 1)",
    "update": "UPDATE simulation SET name = coalesce($3, name), name_folded = coalesce($4, name_folded),"
    " start_date = coalesce($5, start_date), end_date = coalesce($6, end_date), updated_at = $7, version = version + 1"
    f" WHERE owner_id = $1 AND id = $2 RETURNING {COLUMNS}",
    "delete": "DELETE FROM simulation WHERE owner_id = $1 AND id = $2 RETURNING id",
}
JSON = [(b"content-type", b"application/json")]


class Simulation(msgspec.Struct):
    id: uuid.UUID
    name: str
    start_date: date
    end_date: date
    created_at: datetime
    updated_at: datetime


class Page(msgspec.Struct):
    items: list[Simulation]
    next_cursor: str | None


class Sent(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    start_date: date
    end_date: date


class Changes(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=300)] | None = None
    start_date: date | None = None
    end_date: date | None = None


encode = msgspec.json.Encoder().encode
decode_sent = msgspec.json.Decoder(Sent).decode
decode_changes = msgspec.json.Decoder(Changes).decode


class Pool:
    """Connections with their statements prepared; whoever finds none free waits in line."""

    def __init__(self) -> None:
        self._free: deque[dict[str, Any]] = deque()
        self._waiting: deque[asyncio.Future[dict[str, Any]]] = deque()

    async def open(self, url: str) -> None:
        for _ in range(SIZE):
            connection = await asyncpg.connect(url)
            self._free.append({name: (await connection.prepare(sql)).fetch for name, sql in STATEMENTS.items()})

    async def fetch(self, name: str, *arguments: Any) -> list[Any]:
        if self._free:
            connection = self._free.pop()
        else:
            turn: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            connection = await turn
        try:
            rows: list[Any] = await connection[name](*arguments)
            return rows
        finally:
            if self._waiting:
                self._waiting.popleft().set_result(connection)
            else:
                self._free.append(connection)


pool = Pool()
known: dict[bytes, uuid.UUID] = {}
if os.environ.get("BENCH_KEYS") == "shipped":
    kept = json.loads(Path(os.environ["BENCH_KEYS_FILE"]).read_text())
    known.update({text.encode(): uuid.UUID(owner) for text, owner in kept.items()})


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await live(receive, send)
        return
    try:
        status, body, headers = await answer(scope, receive)
    except (msgspec.ValidationError, asyncpg.CheckViolationError, ValueError) as error:
        status, body, headers = 422, encode({"detail": str(error)}), JSON
    if status not in {204, 304}:
        headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def live(receive: Receive, send: Send) -> None:
    await receive()
    await pool.open(os.environ["BENCH_DATABASE_URL"])
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def caller(headers: dict[bytes, bytes]) -> uuid.UUID | None:
    text = headers.get(b"x-api-key", b"")
    if known:
        return known.get(text)
    rows = await pool.fetch("key", hashlib.sha256(text).hexdigest())
    return rows[0][0] if rows else None


async def answer(scope: Scope, receive: Receive) -> Answer:
    headers = dict(scope["headers"])
    owner = await caller(headers)
    if owner is None:
        return 401, b'{"detail":"no such key"}', [*JSON, (b"www-authenticate", b"ApiKey")]
    path, method = scope["path"], scope["method"]
    if path == PLACE:
        return await (create(owner, receive) if method == "POST" else page(owner, scope["query_string"]))
    id = uuid.UUID(path[len(PLACE) + 1 :])
    if method == "GET":
        return await get(owner, id, headers.get(b"if-none-match"))
    if method == "PATCH":
        return await update(owner, id, receive)
    rows = await pool.fetch("delete", owner, id)
    return (204, b"", []) if rows else missing()


def missing() -> Answer:
    return 404, b'{"detail":"no such simulation"}', JSON


async def get(owner: uuid.UUID, id: uuid.UUID, seen: bytes | None) -> Answer:
    rows = await pool.fetch("get", owner, id)
    if not rows:
        return missing()
    *members, version = rows[0]
    tag = b'"%d"' % version
    if seen == tag:
        return 304, b"", [(b"etag", tag)]
    return 200, encode(Simulation(*members)), [*JSON, (b"etag", tag)]


async def page(owner: uuid.UUID, query: bytes) -> Answer:
    asked = dict(parse_qsl(query.decode()))
    limit = int(asked.get("limit", 20))
    if "cursor" in asked:
        rows = await pool.fetch("deep", owner, limit + 1, *decoded(asked["cursor"]))
    elif "name" in asked:
        since = date.fromisoformat(asked.get("start_date_from", "0001-01-01"))
        rows = await pool.fetch("filter", owner, limit + 1, f"%{asked['name'].casefold()}%", since)
    else:
        rows = await pool.fetch("list", owner, limit + 1)
    items = [Simulation(*row) for row in rows[:limit]]
    more = len(rows) > limit
    following = encoded(items[-1].created_at, items[-1].id) if more else None
    return 200, encode(Page(items, following)), JSON


async def create(owner: uuid.UUID, receive: Receive) -> Answer:
    sent = decode_sent((await receive())["body"])
    name, id, now = sent.name.strip(), uuid.uuid4(), datetime.now(UTC)
    await pool.fetch("create", id, owner, name, name.casefold(), sent.start_date, sent.end_date, now)
    return 201, encode(Simulation(id, name, sent.start_date, sent.end_date, now, now)), JSON


async def update(owner: uuid.UUID, id: uuid.UUID, receive: Receive) -> Answer:
    sent = decode_changes((await receive())["body"])
    name = sent.name and sent.name.strip()
    folded = name and name.casefold()
    now = datetime.now(UTC)
    rows = await pool.fetch("update", owner, id, name, folded, sent.start_date, sent.end_date, now)
    return (200, encode(Simulation(*rows[0])), JSON) if rows else missing()
