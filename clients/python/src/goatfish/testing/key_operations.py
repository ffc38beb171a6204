"""What operations on keys do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from goatfish.testing.calls import API, Answer, Call, Faults, checked, listed_answer, object_answer, once, tag_of
from goatfish.testing.keys import (
    Key,
    granted,
    maker_limit,
    new_text,
    predecessor_limit,
    read_roll,
    require_scopes,
)
from goatfish.testing.problems import Refusal
from goatfish.testing.tenant import Stored, not_found


def whoami(call: Call) -> Answer:
    """The caller: the owner, the key in use, its scopes and expiry."""
    key = call.key.shown()
    owner = {"id": call.tenant.id, "name": call.tenant.name}
    return Answer(200, {"owner": owner, "key": key, "scopes": key["scopes"], "expires_at": key["expires_at"]})


def _key(call: Call) -> Key:
    found = call.tenant.keys.get(call.id)
    if found is None:
        raise not_found("key")
    return found


def list_keys(call: Call) -> Answer:
    """A page of the owner's keys."""
    return listed_answer(call, "keys", [each.shown() for each in call.tenant.keys.values()])


def get_key(call: Call) -> Answer:
    """One key."""
    key = _key(call)
    return object_answer("key", Stored(key.shown(), key.version), call)


def revoke_key(call: Call) -> Answer:
    """Revokes a key for good."""
    key = _key(call)
    checked(call, "key")(key.version)
    if key.id == call.key.id:
        raise Refusal("key_in_use", "A key cannot revoke itself.")
    if key.revoked_at is None:
        _keep(call, key._replace(revoked_at=call.change.now, version=key.version + 1))
    return Answer(204)


def _keep(call: Call, key: Key) -> Key:
    call.tenant.keys[key.id] = key
    call.tenant.note("key", key.id, key.version, call.change)
    return key


def create_key(call: Call) -> Answer:
    """Creates a key."""
    values = call.values
    require_scopes(call.key.scopes, values["scopes"])

    def create() -> tuple[Key, str]:
        call.conditions.check_list()
        end = granted(values.get("expires_at"), [maker_limit(call.key.expires_at)])
        return _new_key(call, values["name"].strip(), values["scopes"], end)

    return _key_made(*once(call, create))


def _new_key(call: Call, name: str, scopes: Sequence[str], end: Any) -> tuple[Key, str]:
    prefix, text = new_text()
    now, actor = call.change.now, call.change.actor
    lasting = None if end is None else end - now
    key = Key(call.tenant.new_id(), name, prefix, frozenset(scopes), now, actor, end, lasting)
    return _keep(call, key), text


def _key_made(made: tuple[Key, str], replayed: bool) -> Answer:
    key, text = made
    headers = {
        "ETag": tag_of("key", key.version),
        "Location": f"{API}/keys/{key.id}",
        "Cache-Control": "private, no-cache, no-store",
    }
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return Answer(201, {**key.shown(), "key": None if replayed else text}, headers)


def roll_key(call: Call) -> Answer:
    """Creates a key that replaces the one at this path."""
    now, values = call.change.now, call.values
    if not call.rules and call.id in call.tenant.keys:
        require_scopes(call.key.scopes, _key(call).scopes)

    def create() -> tuple[Key, str]:
        old = _key(call)
        checked(call, "key")(old.version)
        if old.has_ended(now):
            raise Refusal("key_ended", "The key is revoked or expired. Create a new one.")
        others = [] if old.id == call.key.id else [maker_limit(call.key.expires_at)]
        end = granted(values.get("expires_at"), [predecessor_limit(old.successor_end(now)), *others])
        return _new_key(call, old.name, sorted(old.scopes), end)

    (key, text), replayed = once(call, create)
    ending = _key(call).ending(key.created_at + values["overlap"])
    if ending is not call.tenant.keys[call.id]:
        _keep(call, ending)
    return _key_made((key, text), replayed)


def read_rolled(content: Any, call: Call) -> Faults:
    """The values of a body that rolls a key, and its faults."""
    values, types, rules = read_roll(content, call.change.now)
    overlap = timedelta(seconds=values.get("overlap_seconds", 24 * 60 * 60))
    return {**values, "overlap": overlap}, types, rules
