"""Owners and their keys, by the same use cases as the API's, over the operator's database."""

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID, uuid4

from app.cli.database import require_migrations, require_operator
from app.cli.terminal import moment, result, say, table
from app.container import Container, UseCases
from config.settings import load
from domain.access.api_key import ApiKey, Lifetime
from domain.access.owner import Owner
from domain.access.scopes import Scope
from domain.access.token import ApiKeyToken
from domain.errors import NotFound
from domain.paging import LIMIT_MAX, PageRequest
from domain.repository import OwnerId
from domain.validation import as_id
from domain.write_context import WriteContext

T = TypeVar("T")


def operator_context() -> WriteContext:
    """Whoever is at the terminal."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        user = str(os.getuid())
    return WriteContext(actor=f"operator:{user}", request_id=str(uuid4()), at=datetime.now(UTC))


async def opened(work: Callable[[UseCases], Awaitable[T]]) -> T:
    """What the work returns, given the use cases on the operators' database, which is closed afterwards."""
    use_cases = Container(settings=load()).operators()
    storage = use_cases.storage()
    await storage.open()
    try:
        return await work(use_cases)
    finally:
        await storage.close()


def run(work: Callable[[UseCases], Awaitable[T]]) -> T:
    """The same, for a command of its own."""
    require_operator()
    require_migrations()
    return asyncio.run(opened(work))


def purge() -> None:
    days = load().revisions_kept

    async def work(use_cases: UseCases) -> tuple[int, int]:
        idempotency_records = await use_cases.idempotent().purge()
        if days is None:
            return idempotency_records, 0
        return idempotency_records, await use_cases.history().purge(timedelta(days=days), datetime.now(UTC))

    idempotency_records, revisions = run(work)
    say(f"{idempotency_records} outcomes of idempotent requests were too old and are deleted.")
    if days is None:
        say("Revisions are kept for ever: GOATFISH_REVISIONS_KEPT is not set.")
    else:
        say(f"{revisions} revisions were older than {days} days and are forgotten.")


def create_owner(name: str) -> None:
    created = run(lambda use_cases: use_cases.owners().create(name, operator_context()))
    say(f"Owner {created.name!r} is made. Next: goatfish key create {created.id}")
    result(str(created.id))


def list_owners() -> None:
    owners = run(lambda use_cases: use_cases.owners().list())
    table(
        ("id", "name", "created", "deactivated"),
        ((str(owner.id), owner.name, moment(owner.created_at), moment(owner.deactivated_at)) for owner in owners),
    )


def create_key(of: str, name: str, scopes: frozenset[Scope], expires_in: timedelta | None) -> None:
    async def work(use_cases: UseCases) -> tuple[Owner, ApiKey, ApiKeyToken]:
        owner = await use_cases.owners().get(of)
        expires_at = _end(expires_in)
        made = await use_cases.keys().create(
            owner.id, operator_context(), name=name, scopes=scopes, expires_at=expires_at
        )
        return owner, *made

    _show(*run(work))


def roll_key(of: str, wanted: str, overlap: timedelta, expires_in: timedelta | Lifetime | None) -> None:
    async def work(use_cases: UseCases) -> tuple[Owner, ApiKey, ApiKeyToken]:
        owner = await use_cases.owners().get(of)
        key_id = await _key_id(use_cases, owner.id, wanted)
        expires_at = expires_in if isinstance(expires_in, Lifetime) else _end(expires_in)
        made = await use_cases.keys().roll(owner.id, key_id, operator_context(), overlap=overlap, expires_at=expires_at)
        return owner, *made

    _show(*run(work))


def _end(expires_in: timedelta | None) -> datetime | None:
    return None if expires_in is None else datetime.now(UTC) + expires_in


def _show(owner: Owner, key: ApiKey, text: ApiKeyToken) -> None:
    if owner.deactivated_at is not None:
        say(f"Owner {owner.name!r} is deactivated: the key opens nothing until goatfish owner activate {owner.id}")
    expiry = f"expires {moment(key.expires_at)}" if key.expires_at else "never expires"
    say(f"Key {key.name!r} ({key.id}) may {', '.join(sorted(key.scopes))} and {expiry}. It is shown this once:")
    result(text.reveal())


def list_keys(of: str) -> None:
    async def work(use_cases: UseCases) -> list[ApiKey]:
        owner = await use_cases.owners().get(of)
        keys: list[ApiKey] = []
        request: PageRequest | None = PageRequest(limit=LIMIT_MAX)
        while request is not None:
            page = await use_cases.keys().list(owner.id, request)
            keys += page.items
            request = None if page.next is None else PageRequest(limit=LIMIT_MAX, after=page.next)
        return keys

    table(
        ("id", "prefix", "name", "scopes", "created", "expires", "last used", "revoked", "created by"),
        (
            (
                *(str(key.id), key.prefix, key.name, " ".join(sorted(key.scopes))),
                *map(moment, (key.created_at, key.expires_at, key.last_used_at, key.revoked_at)),
                key.created_by or "",
            )
            for key in run(work)
        ),
    )


def revoke_key(of: str, wanted: str) -> None:
    async def work(use_cases: UseCases) -> ApiKey:
        owner = await use_cases.owners().get(of)
        key_id = await _key_id(use_cases, owner.id, wanted)
        return await use_cases.keys().revoke(owner.id, key_id, operator_context())

    key = run(work)
    say(f"Key {key.name!r} ({key.prefix}) opens nothing any more.")


async def _key_id(use_cases: UseCases, owner: OwnerId, wanted: str) -> UUID:
    id = as_id(wanted)
    if id is not None:
        return id
    holder = await use_cases.storage().owners.holder(wanted.removeprefix("gf_"))
    if holder is None or holder[0].id != owner:
        raise NotFound(ApiKey.KIND)
    return holder[1].id
