"""Webhooks: what operations on them do. Nothing is sent to anybody."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from goatfish.testing.calls import API, Answer, Call, Faults, checked, listed_answer, object_answer, once, tag_of
from goatfish.testing.keys import require_scopes
from goatfish.testing.kinds import IPV6, UNREAD, Kind, Lines, Read, Reference, Text, Whole, Wrong, show_moment
from goatfish.testing.members import REQUIRED, Field, broken, read_members
from goatfish.testing.objects import ENTITIES, Body, Entity, read_body
from goatfish.testing.problems import Fault, Refusal, at, invalid
from goatfish.testing.tenant import Stored, not_found

WEBHOOKS_MAX = 100
_DAY = 24 * 60 * 60
_MALFORMED = "A secret is whsec_ and the base64 of 24 to 64 bytes."
_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
_HOST = rf"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[({IPV6})\]"
_URL = rf"https?://({_HOST})(:({_PORT}))?([/?][!$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]*)?"


class Webhook(NamedTuple):
    """A webhook as it is kept."""

    stored: Stored
    secret: str
    is_requested: bool = False


class _Strings(Kind):
    def read(self, value: Any) -> Read:
        if not isinstance(value, list):
            return UNREAD, [((), "wrong_type", "This is not an array.")]
        wrong = [
            ((place,), "wrong_type", "This is not a string.")
            for place, each in enumerate(value)
            if not isinstance(each, str)
        ]
        return (UNREAD, list(wrong)) if wrong else (value, [])

    def rules(self, value: list[str]) -> Iterator[Wrong]:
        if len(value) > len(ENTITIES):
            yield (), "too_many", f"cannot hold more than {len(ENTITIES)} items"
        elif len(set(value)) < len(value):
            yield (), "repeated", "cannot hold an item twice"
        elif not value:
            yield (), "too_few", "cannot hold fewer than 1 items"
        for place, kind in enumerate(value[: len(ENTITIES)]):
            if kind not in ENTITIES:
                yield (place,), "unknown_value", f"can hold {', '.join(ENTITIES)} alone"


class _Switch(Kind):
    def read(self, value: Any) -> Read:
        is_switch = isinstance(value, bool)
        return (value, []) if is_switch else (UNREAD, [((), "wrong_type", "This is neither true nor false.")])


class _Secret(Kind):
    def read(self, value: Any) -> Read:
        return (value, []) if isinstance(value, str) else (UNREAD, [((), "wrong_type", "This is not a string.")])


_MEMBERS = {
    "url": Field(Text(2048, _URL, "an absolute http or https URL without user, password and fragment"), REQUIRED),
    "kinds": Field(_Strings(), REQUIRED),
    "description": Field(Lines(500)),
    "enabled": Field(_Switch(), True),
}
_CHANGED = Entity("webhook", _MEMBERS, [])
_CREATED = Entity("webhook", {**_MEMBERS, "secret": Field(_Secret())}, [])
_ROLLED = {
    "secret": Field(_Secret()),
    "overlap_seconds": Field(Whole(0, 30 * _DAY, "overlap", "An overlap in seconds is"), _DAY),
}
_REQUESTED = {"repeat": Field(Reference("delivery"))}


def read_created(content: Any, _: Call) -> Faults:
    """The values of a body that creates a webhook, and its faults."""
    values, types, rules = read_body(_CREATED, content, "create")
    return values, types, [*rules, *_faults(values)]


def read_changed(content: Any, _: Call) -> Faults:
    """The same of a body that changes one."""
    values, types, rules = read_body(_CHANGED, content, "patch")
    return values, types, [*rules, *_faults(values)]


def read_rolled(content: Any, _: Call) -> Faults:
    """The same of a body that rolls its secret."""
    values, wrong = read_members(_ROLLED, content)
    return values, [at(*each) for each in wrong], _faults(values)


def read_requested(content: Any, _: Call) -> Faults:
    """The same of a body that requests a delivery."""
    values, wrong = read_members(_REQUESTED, content)
    return values, [at(*each) for each in wrong], [at(*each) for each in broken(_REQUESTED, values)]


def _faults(values: Body) -> list[Fault]:
    found = []
    if values.get("secret") is not None and not _is_secret(values["secret"]):
        found.append(at(("secret",), "malformed", _MALFORMED))
    url = str(values.get("url") or "").strip().lower()
    if url.startswith("http:"):
        found.append(at(("url",), "not_https", "The url must begin with https://."))
    elif url.startswith("https:") and not _may_be_public(url):
        found.append(at(("url",), "address_refused", "The host has an address that is not public."))
    return found


def _may_be_public(url: str) -> bool:
    """Whether the host is a name, or an address of the internet."""
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_global
    except ValueError:
        return True


def _is_secret(text: str) -> bool:
    try:
        return text.startswith("whsec_") and 24 <= len(base64.b64decode(text[6:], validate=True)) <= 64
    except (binascii.Error, ValueError):
        return False


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _found(call: Call) -> Webhook:
    found: Webhook | None = call.tenant.webhooks.get(call.id)
    if found is None:
        raise not_found("webhook")
    return found


def _keep(call: Call, webhook: Webhook) -> Webhook:
    id, version = webhook.stored.body["id"], webhook.stored.version
    call.tenant.webhooks[id] = webhook
    call.tenant.note("webhook", id, version, call.change)
    return webhook


def _require_readable(call: Call, kinds: list[str]) -> None:
    require_scopes(call.key.scopes, {f"{ENTITIES[kind].plural}:read" for kind in kinds if kind in ENTITIES})


def list_webhooks(call: Call) -> Answer:
    """A page of the owner's webhooks."""
    return listed_answer(call, "webhooks", [each.stored.body for each in call.tenant.webhooks.values()])


def get_webhook(call: Call) -> Answer:
    """One webhook."""
    return object_answer("webhook", _found(call).stored, call)


def create_webhook(call: Call) -> Answer:
    """Creates a webhook."""
    values = call.values
    if not call.rules:
        _require_readable(call, values["kinds"])

    def create() -> Webhook:
        call.conditions.check_list()
        if len(call.tenant.webhooks) >= WEBHOOKS_MAX:
            raise Refusal("too_many_webhooks", f"You have {WEBHOOKS_MAX} webhooks. Delete one first.")
        body = {"id": call.tenant.new_id(), **{name: values[name] for name in _MEMBERS}}
        times = {"created_at": call.change.text, "updated_at": call.change.text}
        service = {"disabled_reason": None, "previous_secret_until": None}
        return _keep(call, Webhook(Stored({**body, **times, **service}, 1), values["secret"] or _new_secret()))

    made, replayed = once(call, create)
    body, version = made.stored
    headers = {"ETag": tag_of("webhook", version), "Location": f"{API}/webhooks/{body['id']}"}
    headers["Cache-Control"] = "private, no-cache, no-store"
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return Answer(201, {**body, "secret": None if replayed else made.secret}, headers)


def update_webhook(call: Call) -> Answer:
    """Changes some members of a webhook."""
    webhook = _found(call)
    checked(call, "webhook")(webhook.stored.version)
    body, version = webhook.stored
    after = {**body, **call.values}
    if after == body:
        return object_answer("webhook", webhook.stored)
    _require_readable(call, after["kinds"])
    after["updated_at"] = call.change.text
    changed = _keep(call, webhook._replace(stored=Stored(after, version + 1)))
    return object_answer("webhook", changed.stored)


def roll_webhook(call: Call) -> Answer:
    """Gives a webhook another secret."""
    webhook = _found(call)
    checked(call, "webhook")(webhook.stored.version)
    secret = call.values.get("secret") or _new_secret()
    if secret != webhook.secret:
        overlap = timedelta(seconds=call.values.get("overlap_seconds", _DAY))
        until = show_moment(call.change.now + overlap) if overlap else None
        body = {**webhook.stored.body, "previous_secret_until": until, "updated_at": call.change.text}
        webhook = _keep(call, webhook._replace(stored=Stored(body, webhook.stored.version + 1), secret=secret))
    answer = object_answer("webhook", webhook.stored)
    headers = {**answer.headers, "Cache-Control": "private, no-cache, no-store"}
    return answer._replace(content={**webhook.stored.body, "secret": secret}, headers=headers)


def delete_webhook(call: Call) -> Answer:
    """Deletes a webhook."""
    webhook = _found(call)
    checked(call, "webhook")(webhook.stored.version)
    del call.tenant.webhooks[call.id]
    call.tenant.note("webhook", call.id, webhook.stored.version + 1, call.change)
    return Answer(204)


def list_deliveries(call: Call) -> Answer:
    """A page of the deliveries to a webhook, of which there are none."""
    _found(call)
    return listed_answer(call, f"webhooks/{call.id}/deliveries", [])


def request_delivery(call: Call) -> Answer:
    """Requests a delivery, which nobody makes."""
    webhook = _found(call)
    if call.values.get("repeat") is not None:
        detail = "The webhook has no delivery with this id, of a kind that it is sent."
        raise invalid([], [at(("repeat",), "unknown_delivery", detail)])
    if webhook.is_requested:
        raise Refusal("delivery_requested", "Another requested delivery to this webhook is still waiting.")
    call.tenant.webhooks[call.id] = webhook._replace(is_requested=True)
    return Answer(202)
