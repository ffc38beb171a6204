"""What owners do with webhooks of their own: they make, read, change and delete them, and ask for deliveries."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from domain.access.scopes import scopes_to
from domain.webhooks.webhook import KINDS
from tests.contracts.resources import Json
from tests.isolation.byte_client import Answer
from tests.isolation.list_rules import LIMITS, by_age
from tests.isolation.model import Key, Owner, newest_first
from tests.isolation.report_rules import ReportRules
from tests.isolation.resource_rules import IDEMPOTENCY_KEYS
from tests.isolation.tenants import PICK, WHO

WEBHOOKS_MAX = 5
MANAGE = "webhooks:manage"


class WebhookRules(ReportRules):
    """Webhooks. Nobody delivers while the machine runs."""

    def _own_webhook(self, owner: Owner, pick: int) -> str:
        """The id of one, which may be deleted."""
        if not owner.webhooks:
            self.create_webhook(self.owners.index(owner), 0, None)
        return [*owner.webhooks][pick % len(owner.webhooks)]

    @rule(who=WHO, pick=PICK, idempotency_key=IDEMPOTENCY_KEYS)
    def create_webhook(self, who: int, pick: int, idempotency_key: str | None) -> None:
        owner, operation = self.owners[who], "create_webhook"
        if len(owner.webhooks) >= WEBHOOKS_MAX:
            idempotency_key = idempotency_key or "shared-1"
        key = self.able(owner, operation, 0) if idempotency_key or not owner.webhooks else self.key_of(owner, pick)
        kind = [*KINDS][pick // 8 % len(KINDS)]
        body: Json = {"url": f"https://{owner.marker}.example/{pick % 3}", "kinds": [kind]}
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        answer = self.ask(owner, key, operation, headers=headers, body=body)
        known = owner.idempotency_records.get((operation, idempotency_key or ""))
        if not key.scopes >= {MANAGE, scopes_to(KINDS[kind])[0]}:
            self.is_refused(answer, 403, "missing_scope")
        elif known is None:
            assert answer.status == 201, answer
            shown = self._learned(owner, answer)
            assert shown.items() >= body.items()
            owner.is_secret(shown["id"])
            owner.log.append(None)
            if idempotency_key:
                owner.idempotency_records[operation, idempotency_key] = (body, answer.json | {"secret": None})
        elif known[0] != body:
            self.is_refused(answer, 422, "idempotency_key_reused")
        else:
            assert (answer.status, answer.json) == (201, known[1]), answer

    def _learned(self, owner: Owner, answer: Answer) -> Json:
        """What is shown of a webhook in an answer with its secret, which nobody else may see."""
        shown: dict[str, Any] = dict(answer.json)
        owner.is_secret(shown.pop("secret"))
        owner.webhooks[shown["id"]] = shown
        return shown

    def _may(self, owner: Owner, key: Key, id: str, answer: Answer) -> bool:
        """Whether the key may do it and the webhook is there; where not, the answer says so."""
        if MANAGE not in key.scopes:
            self.is_refused(answer, 403, "missing_scope")
        elif owner.webhooks[id] is None:
            self.is_refused(answer, 404, "webhook_not_found")
        else:
            return True
        return False

    @rule(who=WHO, pick=PICK)
    def get_webhook(self, who: int, pick: int) -> None:
        owner = self.owners[who]
        id, key = self._own_webhook(owner, pick), self.key_of(owner, pick // 16)
        answer = self.ask(owner, key, "get_webhook", id=id)
        if self._may(owner, key, id, answer):
            assert (answer.status, answer.json) == (200, owner.webhooks[id]), answer

    @rule(who=WHO, pick=PICK, limit=LIMITS, goes_on=st.booleans())
    def list_webhooks(self, who: int, pick: int, limit: int, *, goes_on: bool) -> None:
        owner = self.owners[who]
        after, cursor = self._start(owner, "list_webhooks", goes_on, pick)
        there = newest_first([each for each in owner.webhooks.values() if each is not None])
        wanted = [each for each in there if after is None or by_age(each) < after]
        key = self.able(owner, "list_webhooks", pick)
        answer = self.ask(owner, key, "list_webhooks", query={**cursor, "limit": str(limit)})
        self._is_page(owner, "list_webhooks", answer, wanted, limit=limit, place=by_age)

    @rule(who=WHO, pick=PICK)
    def update_webhook(self, who: int, pick: int) -> None:
        owner = self.owners[who]
        id, key = self._own_webhook(owner, pick), self.able(owner, "update_webhook", 0)
        changes = {"description": f"{owner.marker} {pick % 4}", "enabled": pick % 2 == 0}
        answer = self.ask(owner, key, "update_webhook", id=id, body=changes)
        if self._may(owner, key, id, answer):
            before = owner.webhooks[id] or {}
            after = before | changes | {"updated_at": answer.json["updated_at"]}
            assert (answer.status, answer.json) == (200, after), answer
            if not before.items() >= changes.items():
                owner.log.append(None)
            owner.webhooks[id] = after

    @rule(who=WHO, pick=PICK)
    def roll_webhook(self, who: int, pick: int) -> None:
        owner = self.owners[who]
        id, key = self._own_webhook(owner, pick), self.key_of(owner, pick // 16)
        answer = self.ask(owner, key, "roll_webhook", id=id, body={"overlap_seconds": pick % 60})
        if self._may(owner, key, id, answer):
            before = owner.webhooks[id] or {}
            after = self._learned(owner, answer)
            changed = {"updated_at", "previous_secret_until"}
            assert {**before, **{name: after[name] for name in changed}} == after
            owner.log.append(None)

    @rule(who=WHO, pick=PICK)
    def delete_webhook(self, who: int, pick: int) -> None:
        owner = self.owners[who]
        id, key = self._own_webhook(owner, pick), self.key_of(owner, pick // 16)
        answer = self.ask(owner, key, "delete_webhook", id=id)
        if self._may(owner, key, id, answer):
            assert (answer.status, answer.body) == (204, b"")
            owner.webhooks[id] = None
            owner.requested.discard(id)
            owner.log.append(None)

    @rule(who=WHO, pick=PICK, limit=LIMITS)
    def list_webhook_deliveries(self, who: int, pick: int, limit: int) -> None:
        owner = self.owners[who]
        id, key = self._own_webhook(owner, pick), self.key_of(owner, pick // 16)
        answer = self.ask(owner, key, "list_webhook_deliveries", id=id, query={"limit": str(limit)})
        if self._may(owner, key, id, answer):
            assert (answer.status, answer.json) == (200, {"items": [], "next_cursor": None}), answer

    @rule(who=WHO, pick=PICK)
    def request_webhook_delivery(self, who: int, pick: int) -> None:
        owner = self.owners[who]
        id, key = self._own_webhook(owner, pick), self.key_of(owner, pick // 16)
        answer = self.ask(owner, key, "request_webhook_delivery", id=id, body={})
        if self._may(owner, key, id, answer):
            if id in owner.requested:
                self.is_refused(answer, 409, "delivery_requested")
            else:
                assert (answer.status, answer.body) == (202, b"")
            owner.requested.add(id)
