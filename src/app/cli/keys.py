"""What ``goatfish key`` does: an owner's API keys, by the same use cases as the API's."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.cli.terminal import format_time, print_json, print_message, print_result, print_table
from app.cli.use_case_runner import operator_context, run_use_case
from app.container import UseCases
from domain.access.api_key import ApiKey, Lifetime
from domain.access.owner import Owner
from domain.access.scopes import Scope
from domain.access.token import ApiKeyToken
from domain.errors import NotFound
from domain.paging import LIMIT_MAX, PageRequest
from domain.repository import OwnerId
from domain.validation import as_id


def _members(key: ApiKey) -> dict[str, object]:
    """A key for JSON, without its text."""
    names = ("id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at", "created_by")
    return {name: getattr(key, name) for name in names}


def create_key(of: str, name: str, scopes: frozenset[Scope], expires_in: timedelta | None, *, as_json: bool) -> None:
    async def work(use_cases: UseCases) -> tuple[Owner, ApiKey, ApiKeyToken]:
        owner = await use_cases.owners().get(of)
        expires_at = _expiry(expires_in)
        made = await use_cases.keys().create(
            owner.id, operator_context(), name=name, scopes=scopes, expires_at=expires_at
        )
        return owner, *made

    _print_key(*run_use_case(work), as_json=as_json)


def roll_key(
    of: str, id_or_prefix: str, overlap: timedelta, expires_in: timedelta | Lifetime | None, *, as_json: bool
) -> None:
    async def work(use_cases: UseCases) -> tuple[Owner, ApiKey, ApiKeyToken]:
        owner = await use_cases.owners().get(of)
        key_id = await _key_id(use_cases, owner.id, id_or_prefix)
        expires_at = expires_in if isinstance(expires_in, Lifetime) else _expiry(expires_in)
        made = await use_cases.keys().roll(owner.id, key_id, operator_context(), overlap=overlap, expires_at=expires_at)
        return owner, *made

    _print_key(*run_use_case(work), as_json=as_json)


def _expiry(expires_in: timedelta | None) -> datetime | None:
    return None if expires_in is None else datetime.now(UTC) + expires_in


def _print_key(owner: Owner, key: ApiKey, text: ApiKeyToken, *, as_json: bool) -> None:
    if owner.deactivated_at is not None:
        print_message(
            f"Owner {owner.name!r} is deactivated: the key is rejected until goatfish owner activate {owner.id}"
        )
    expiry = f"expires {format_time(key.expires_at)}" if key.expires_at else "never expires"
    scopes = ", ".join(sorted(key.scopes))
    print_message(f"Key {key.name!r} ({key.id}) has the scopes {scopes} and {expiry}. It is shown only once:")
    if as_json:
        print_json({**_members(key), "key": text.reveal()})
    else:
        print_result(text.reveal())


def list_keys(of: str, *, as_json: bool) -> None:
    async def work(use_cases: UseCases) -> list[ApiKey]:
        owner = await use_cases.owners().get(of)
        keys: list[ApiKey] = []
        request: PageRequest | None = PageRequest(limit=LIMIT_MAX)
        while request is not None:
            page = await use_cases.keys().list(owner.id, request)
            keys += page.items
            request = None if page.next is None else PageRequest(limit=LIMIT_MAX, after=page.next)
        return keys

    keys = run_use_case(work)
    if as_json:
        print_json([_members(key) for key in keys])
        return
    print_table(
        ("id", "prefix", "name", "scopes", "created", "expires", "last used", "revoked", "created by"),
        (
            (
                *(str(key.id), key.prefix, key.name, " ".join(sorted(key.scopes))),
                *map(format_time, (key.created_at, key.expires_at, key.last_used_at, key.revoked_at)),
                key.created_by or "",
            )
            for key in keys
        ),
    )


def revoke_key(of: str, id_or_prefix: str, *, as_json: bool) -> None:
    async def work(use_cases: UseCases) -> ApiKey:
        owner = await use_cases.owners().get(of)
        key_id = await _key_id(use_cases, owner.id, id_or_prefix)
        return await use_cases.keys().revoke(owner.id, key_id, operator_context())

    key = run_use_case(work)
    print_message(f"Key {key.name!r} ({key.prefix}) is revoked.")
    if as_json:
        print_json(_members(key))


async def _key_id(use_cases: UseCases, owner: OwnerId, id_or_prefix: str) -> UUID:
    id = as_id(id_or_prefix)
    if id is not None:
        return id
    holder = await use_cases.storage().owners.holder(id_or_prefix.removeprefix("gf_"))
    if holder is None or holder[0].id != owner:
        raise NotFound(ApiKey.KIND)
    return holder[1].id
